//! What is wrong with a file, and where: shown with the line, the column and a remedy.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

/// The text of a policy or configuration file, and what to call it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SourceFile {
    pub path: String,
    pub text: Arc<str>,
}

impl SourceFile {
    pub fn new(path: impl Into<String>, text: impl Into<Arc<str>>) -> Self {
        Self { path: path.into(), text: text.into() }
    }

    /// Parses YAML; what is wrong with it becomes a diagnostic. Anchors cannot
    /// blow a small file up: the parser's default budget holds.
    pub fn parse<T: serde::de::DeserializeOwned>(&self) -> Result<T, Diagnostic> {
        serde_saphyr::from_str(&self.text).map_err(|error| self.yaml_error(&error))
    }

    fn yaml_error(&self, error: &serde_saphyr::Error) -> Diagnostic {
        let error = error.without_snippet();
        let span = error.location().map_or(0..0, |location| self.span_at(location));
        let (message, help) = match error {
            serde_saphyr::Error::SerdeUnknownField { field, expected, .. } => (
                format!("unknown key `{field}`"),
                did_you_mean(field, expected.iter().copied())
                    .unwrap_or_else(|| format!("the keys here are: {}", expected.join(", "))),
            ),
            serde_saphyr::Error::SerdeUnknownVariant { variant, expected, .. } => {
                (format!("unknown value `{variant}`"), format!("write one of: {}", expected.join(", ")))
            }
            serde_saphyr::Error::SerdeMissingField { field, .. } => {
                (format!("the key `{field}` is missing"), format!("add `{field}: …`"))
            }
            other => (other.to_string(), "correct the YAML here".to_owned()),
        };
        self.diagnostic(span, message, help)
    }

    /// The bytes of the node that YAML found at a location.
    pub fn span_at(&self, location: serde_saphyr::Location) -> Range<usize> {
        let line = usize::try_from(location.line()).unwrap_or(1).max(1);
        let column = usize::try_from(location.column()).unwrap_or(1).max(1);
        let line_start: usize = self.text.split_inclusive('\n').take(line - 1).map(str::len).sum();
        let rest = &self.text[line_start..];
        let start = line_start + rest.char_indices().nth(column - 1).map_or(rest.len(), |(at, _)| at);
        let word = self.text[start..].find(['\n', '\r', ':', '#']).unwrap_or(self.text.len() - start);
        start..start + self.text[start..start + word].trim_end().len()
    }

    pub fn diagnostic(
        &self,
        span: Range<usize>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Diagnostic {
        Diagnostic { source: self.clone(), span, message: message.into(), help: help.into() }
    }
}

/// One thing that is wrong with a file.
#[derive(Clone, Eq, PartialEq)]
pub struct Diagnostic {
    pub source: SourceFile,
    /// Bytes of the text.
    pub span: Range<usize>,
    pub message: String,
    /// The remedy.
    pub help: String,
}

impl Diagnostic {
    /// Line and column, both from 1.
    pub fn position(&self) -> (usize, usize) {
        let before = &self.source.text[..self.span.start];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or(before).chars().count() + 1;
        (line, column)
    }
}

impl fmt::Debug for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (line, column) = self.position();
        write!(f, "{}:{line}:{column}: {} ({})", self.source.path, self.message, self.help)
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let snippet = Snippet::source(&*self.source.text)
            .path(&*self.source.path)
            .annotation(AnnotationKind::Primary.span(self.span.clone()));
        let mut report: Vec<Group<'_>> = vec![Level::ERROR.primary_title(&*self.message).element(snippet)];
        if !self.help.is_empty() {
            report.push(Group::with_title(Level::HELP.secondary_title(&*self.help)));
        }
        f.write_str(&Renderer::plain().render(&report))
    }
}

impl std::error::Error for Diagnostic {}

/// Everything that is wrong with the files of one load.
#[derive(Debug)]
pub struct Diagnostics(pub Vec<Diagnostic>);

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, diagnostic) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n\n")?;
            }
            diagnostic.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for Diagnostics {}

/// "did you mean `x`?" for the closest candidate that is close enough to be meant.
pub fn did_you_mean<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(word, candidate), candidate))
        .filter(|(distance, candidate)| {
            *distance <= (candidate.chars().count() / 3).max(1)
                || candidate.ends_with(&format!("_{word}"))
                || word.len() > 3 && (candidate.starts_with(word) || word.starts_with(candidate))
        })
        .min()
        .map(|(_, candidate)| format!("did you mean `{candidate}`?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Config {
        #[expect(dead_code, reason = "only read by the parser")]
        regions: Vec<String>,
    }

    #[test]
    fn an_unknown_key_is_shown_with_its_line_and_the_key_that_was_meant() {
        let file = SourceFile::new("aftermove.yaml", "# settings\nregion: [eu-west-1]\n");
        let error = file.parse::<Config>().unwrap_err();
        insta::assert_snapshot!(error.to_string(), @r"
        error: unknown key `region`
         --> aftermove.yaml:2:1
          |
        2 | region: [eu-west-1]
          | ^^^^^^
          |
        help: did you mean `regions`?
        ");
    }

    #[test]
    fn a_wrong_type_is_shown_where_it_stands() {
        let file = SourceFile::new("aftermove.yaml", "regions: 3\n");
        let error = file.parse::<Config>().unwrap_err();
        assert_eq!(error.position().0, 1);
        assert!(error.to_string().contains("aftermove.yaml:1"), "{error}");
    }

    #[test]
    fn a_hostile_file_of_aliases_is_refused() {
        let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for level in 1..12 {
            let previous = format!("*a{}, ", level - 1).repeat(10);
            text = format!("{text}a{level}: &a{level} [{previous}]\n");
        }
        let result = SourceFile::new("bomb.yaml", text).parse::<serde_json::Value>();
        assert!(result.is_err());
    }
}
