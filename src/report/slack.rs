//! The digest as Slack takes it: Block Kit through an incoming webhook, within its limits.
//!
//! Names come from the account, and one may be called `<!channel>`: what steers Slack's markup is escaped, and
//! nothing in a text becomes a link or a mention by itself.

use serde::Serialize;

use super::digest::Digest;

/// <https://docs.slack.dev/reference/block-kit/blocks>
pub const MAX_BLOCKS: usize = 50;
/// Of a section: <https://docs.slack.dev/reference/block-kit/blocks/section-block>
pub const MAX_SECTION: usize = 3000;
/// Of a header: <https://docs.slack.dev/reference/block-kit/blocks/header-block>
pub const MAX_HEADER: usize = 150;
/// Of all texts of a message together; Slack refuses more than about 13,200, which it does not document.
pub const MAX_CHARS: usize = 12_000;
/// Of a message without blocks: <https://docs.slack.dev/reference/methods/chat.postMessage> cuts after 40,000.
const MAX_TEXT: usize = 39_000;

/// One post to the webhook.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Post {
    /// For notifications, and where blocks cannot be shown.
    pub text: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub blocks: Vec<Block>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Block {
    Header { text: Text },
    Section { text: Text },
    Context { elements: Vec<Text> },
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Text {
    PlainText {
        text: String,
        emoji: bool,
    },
    /// `verbatim` keeps Slack from making links, channels and mentions out of plain words.
    Mrkdwn {
        text: String,
        verbatim: bool,
    },
}

/// The digest in as many posts as it takes, which mostly is one.
pub fn posts(digest: &Digest, link: Option<&str>, footer: &str) -> Vec<Post> {
    let mut blocks: Vec<Block> = Vec::new();
    for part in &digest.parts {
        let lines = part.lines.iter().map(|line| format!("• {}", escaped(line)));
        let heading = format!("*{}*", escaped(part.heading));
        blocks.extend(sections(std::iter::once(heading).chain(lines)));
    }
    if let Some(link) = link {
        let text = if link.starts_with("http") {
            format!("<{}|The whole report>", escaped(link).replace('|', "%7C"))
        } else {
            format!("The whole report: `{}`", escaped(link))
        };
        // a link that is cut leads nowhere
        if text.chars().count() <= MAX_SECTION {
            blocks.push(Block::Section { text: mrkdwn(text) });
        }
    }
    blocks.push(Block::Context { elements: vec![mrkdwn(cut(&escaped(footer), MAX_SECTION))] });
    let title = escaped(&digest.title);
    pack(&digest.title, &title, blocks)
}

/// The same without blocks, for a workspace that refuses them.
pub fn plain(digest: &Digest, link: Option<&str>) -> Post {
    let mut text = digest.text();
    if let Some(link) = link {
        text = format!("{text}\n\nThe whole report: {link}");
    }
    Post { text: cut(&escaped(&text), MAX_TEXT), blocks: Vec::new() }
}

/// Lines in as few sections as hold them; a line that none holds is cut.
fn sections(lines: impl Iterator<Item = String>) -> Vec<Block> {
    let mut texts: Vec<String> = Vec::new();
    for line in lines {
        let line = cut(&line, MAX_SECTION);
        match texts.last_mut() {
            Some(last) if last.chars().count() + 1 + line.chars().count() <= MAX_SECTION => {
                last.push('\n');
                last.push_str(&line);
            }
            _ => texts.push(line),
        }
    }
    texts.into_iter().map(|text| Block::Section { text: mrkdwn(text) }).collect()
}

fn pack(title: &str, fallback: &str, blocks: Vec<Block>) -> Vec<Post> {
    let header = Block::Header { text: Text::PlainText { text: cut(title, MAX_HEADER), emoji: false } };
    let mut posts = vec![Post { text: fallback.to_owned(), blocks: vec![header] }];
    for block in blocks {
        let full = posts.last().is_none_or(|post| {
            let chars: usize = post.blocks.iter().map(Block::chars).sum();
            post.blocks.len() == MAX_BLOCKS || chars + block.chars() + post.text.chars().count() > MAX_CHARS
        });
        if full {
            posts.push(Post { text: format!("{fallback} (continued)"), blocks: Vec::new() });
        }
        if let Some(post) = posts.last_mut() {
            post.blocks.push(block);
        }
    }
    posts
}

impl Block {
    fn chars(&self) -> usize {
        let texts = match self {
            Self::Header { text } | Self::Section { text } => std::slice::from_ref(text),
            Self::Context { elements } => elements,
        };
        texts
            .iter()
            .map(|text| match text {
                Text::PlainText { text, .. } | Text::Mrkdwn { text, .. } => text.chars().count(),
            })
            .sum()
    }
}

fn mrkdwn(text: String) -> Text {
    Text::Mrkdwn { text, verbatim: true }
}

/// Exactly what Slack asks to escape: <https://docs.slack.dev/messaging/formatting-message-text#escaping>
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// At most so many characters, never through the middle of an escape.
pub(super) fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let mut kept: String = text.chars().take(most - 1).collect();
    if let Some(start) = kept.rfind('&')
        && !kept[start..].contains(';')
    {
        kept.truncate(start);
    }
    kept.push('…');
    kept
}

#[cfg(test)]
mod tests;
