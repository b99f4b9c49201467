use proptest::prelude::*;

use super::super::digest::Part;
use super::*;

fn digest(parts: Vec<Part>) -> Digest {
    Digest {
        since: chrono::DateTime::UNIX_EPOCH,
        title: "AWS this week in 111122223333: $312, up 37% on the usual, 2 urgent".to_owned(),
        week: "2026-W48".to_owned(),
        parts,
    }
}

fn texts(post: &Post) -> Vec<&str> {
    post.blocks
        .iter()
        .flat_map(|block| match block {
            Block::Header { text } | Block::Section { text } => std::slice::from_ref(text),
            Block::Context { elements } => elements,
        })
        .map(|text| match text {
            Text::PlainText { text, .. } | Text::Mrkdwn { text, .. } => text.as_str(),
        })
        .collect()
}

#[test]
fn a_usual_digest_is_one_post() {
    let parts = vec![
        Part { heading: "Cost", lines: vec!["$312 in the seven days to 24 November".to_owned()] },
        Part { heading: "Do first", lines: vec!["old (lb-1): delete it & its <target groups>".to_owned()] },
    ];
    let posts = posts(&digest(parts), Some("https://s3.example/r?a=1&b=2"), "80 policies");
    insta::assert_snapshot!(serde_json::to_string_pretty(&posts).unwrap(), @r#"
    [
      {
        "text": "AWS this week in 111122223333: $312, up 37% on the usual, 2 urgent",
        "blocks": [
          {
            "type": "header",
            "text": {
              "type": "plain_text",
              "text": "AWS this week in 111122223333: $312, up 37% on the usual, 2 urgent",
              "emoji": false
            }
          },
          {
            "type": "section",
            "text": {
              "type": "mrkdwn",
              "text": "*Cost*\n• $312 in the seven days to 24 November",
              "verbatim": true
            }
          },
          {
            "type": "section",
            "text": {
              "type": "mrkdwn",
              "text": "*Do first*\n• old (lb-1): delete it &amp; its &lt;target groups&gt;",
              "verbatim": true
            }
          },
          {
            "type": "section",
            "text": {
              "type": "mrkdwn",
              "text": "<https://s3.example/r?a=1&amp;b=2|The whole report>",
              "verbatim": true
            }
          },
          {
            "type": "context",
            "elements": [
              {
                "type": "mrkdwn",
                "text": "80 policies",
                "verbatim": true
              }
            ]
          }
        ]
      }
    ]
    "#);
}

#[test]
fn a_link_that_is_no_web_address_is_told_as_a_place() {
    let posts = posts(&digest(vec![]), Some("s3://bucket/report.html"), "");
    assert!(texts(&posts[0]).contains(&"The whole report: `s3://bucket/report.html`"));
}

#[test]
fn a_link_too_long_for_a_section_is_left_out_and_not_cut() {
    let link = format!("https://s3.example/{}", "x".repeat(MAX_SECTION));
    assert!(
        !serde_json::to_string(&posts(&digest(vec![]), Some(&link), "f")).unwrap().contains("https://s3")
    );
}

#[test]
fn the_plain_form_tells_all_that_the_blocks_do() {
    let parts = vec![Part { heading: "Cost", lines: vec!["$1 <!here>".to_owned()] }];
    let post = plain(&digest(parts), Some("https://s3.example/r"));
    assert!(post.blocks.is_empty());
    assert!(
        post.text.contains("Cost\n- $1 &lt;!here&gt;\n\nThe whole report: https://s3.example/r"),
        "{}",
        post.text
    );
}

proptest! {
    #[test]
    fn whatever_the_account_holds_slack_takes_every_post_and_nobody_is_called(
        lines in prop::collection::vec("[a-z<>&!@#|*é ]{0,40}(<!channel>|<@U1>|&amp;){0,3}[ -~]{0,4000}", 0..40),
    ) {
        let parts = lines.chunks(7).map(|lines| Part { heading: "Findings", lines: lines.to_vec() }).collect();
        let posts = posts(&digest(parts), None, "footer");
        for post in &posts {
            let texts = texts(post);
            prop_assert!(post.blocks.len() <= MAX_BLOCKS && !texts.is_empty());
            prop_assert!(texts.iter().map(|text| text.chars().count()).sum::<usize>() <= MAX_CHARS);
            for (block, text) in post.blocks.iter().zip(&texts) {
                let most = if matches!(block, Block::Header { .. }) { MAX_HEADER } else { MAX_SECTION };
                prop_assert!((1..=most).contains(&text.chars().count()));
                prop_assert!(!text.contains(['<', '>']));
                for (at, _) in text.match_indices('&') {
                    let escape = ["&amp;", "&lt;", "&gt;"].iter().any(|escape| text[at..].starts_with(escape));
                    prop_assert!(escape, "{}", &text[at..]);
                }
            }
        }
        // nothing is lost but the ends of lines that are longer than Slack takes
        let all: String = posts.iter().flat_map(texts).collect::<Vec<_>>().join("\n");
        for line in lines.iter().filter(|line| escaped(line).chars().count() < MAX_SECTION - 2) {
            prop_assert!(all.contains(&escaped(line)));
        }
    }
}
