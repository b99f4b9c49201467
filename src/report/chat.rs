//! The digest as Amazon Q Developer in chat applications takes it, for Slack, Microsoft Teams and Chime, to whose own
//! markup it hands the text:
//! <https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html>

use serde::Serialize;

use super::digest::Digest;
use super::slack::{cut, escaped};

const MAX_TITLE: usize = 250;
const MAX_DESCRIPTION: usize = 8000;
const MAX_NEXT_STEP: usize = 350;

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Notification {
    version: &'static str,
    source: &'static str,
    id: String,
    content: Content,
    metadata: Metadata,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Content {
    text_type: &'static str,
    title: String,
    description: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    next_steps: Vec<String>,
    keywords: [&'static str; 2],
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    /// Messages with the same one are a thread.
    thread_id: String,
    summary: String,
    event_type: &'static str,
}

pub fn notification(digest: &Digest, run_id: &str, whose: &str, link: Option<&str>) -> Notification {
    let mut lines = Vec::new();
    let mut next_steps = Vec::new();
    for part in &digest.parts {
        if part.heading == "Do first" {
            next_steps.extend(part.lines.iter().map(|line| cut(&escaped(line), MAX_NEXT_STEP)));
            continue;
        }
        lines.push(format!("*{}*", part.heading));
        lines.extend(part.lines.iter().map(|line| format!("• {}", escaped(line))));
    }
    // the link comes first where not all fits
    let link = link.map(|link| format!("The whole report: {link}\n\n")).unwrap_or_default();
    Notification {
        version: "1.0",
        source: "custom",
        id: run_id.to_owned(),
        content: Content {
            text_type: "client-markdown",
            title: cut(&escaped(&digest.title), MAX_TITLE),
            description: cut(&format!("{link}{}", lines.join("\n")), MAX_DESCRIPTION),
            next_steps,
            keywords: ["aftermove", "digest"],
        },
        metadata: Metadata {
            thread_id: format!("aftermove-{whose}-{}", digest.week),
            summary: cut(&escaped(&digest.title), MAX_TITLE),
            event_type: "digest",
        },
    }
}

#[cfg(test)]
mod tests {
    use super::super::digest::Part;
    use super::*;

    #[test]
    fn it_has_the_form_that_q_takes_and_the_week_as_its_thread() {
        let digest = Digest {
            since: chrono::DateTime::UNIX_EPOCH,
            title: "AWS this week: $12.00, nothing urgent".to_owned(),
            week: "2026-W48".to_owned(),
            parts: vec![
                Part { heading: "Cost", lines: vec!["$12.00 <!channel>".to_owned(); 600] },
                Part { heading: "Do first", lines: vec!["x".repeat(400)] },
            ],
        };
        let json = serde_json::to_value(notification(
            &digest,
            "01a2",
            "111122223333",
            Some("https://s3.example/report"),
        ))
        .unwrap();
        assert_eq!((&json["version"], &json["source"]), (&"1.0".into(), &"custom".into()));
        assert_eq!(json["metadata"]["threadId"], "aftermove-111122223333-2026-W48");
        let description = json["content"]["description"].as_str().unwrap();
        assert_eq!(description.chars().count(), MAX_DESCRIPTION);
        assert!(
            description
                .starts_with("The whole report: https://s3.example/report\n\n*Cost*\n• $12.00 &lt;!channel")
        );
        assert_eq!(json["content"]["nextSteps"][0].as_str().unwrap().chars().count(), MAX_NEXT_STEP);
        assert_eq!(json["content"]["nextSteps"].as_array().unwrap().len(), 1);
    }
}
