//! Deliveries that a server would get as they stand, though a word was likely meant: `"access_token"`, `"${access_token}"`,
//! `"{{access_token}}"`. And those in which no token stands at all.

use super::super::file::ProviderFile;
use crate::{
    delivery::{FileContent, Part, Template, Word},
    diagnostic::Report,
};

pub(super) fn meant_as_words(file: &ProviderFile, report: &mut Report<'_>) {
    for (name, template) in &file.env {
        slip(template, report.find_value(name.as_str()), report);
    }
    for delivery in &file.files {
        let span = report.find(&delivery.path.to_string());
        match &delivery.content {
            FileContent::Text(template) => {
                slip(template, span.clone(), report);
                if delivery.path.is_json() {
                    json(template, &span, report);
                }
            }
            FileContent::Json(json) => {
                json.texts().into_iter().for_each(|template| slip(template, span.clone(), report));
            }
        }
    }
    no_token(file, report);
}

fn slip(template: &Template, span: std::ops::Range<usize>, report: &mut Report<'_>) {
    let parts = template.parts();
    let dollar = parts.windows(2).find_map(|pair| match pair {
        [Part::Text(text), Part::Word(word)] if text.ends_with('$') => Some(word),
        _ => None,
    });
    if let Some(word) = dollar {
        let hint = format!("words are written {{{word}}} here; ${{…}} is for manifests");
        return report.warning(
            &span,
            format!("a server would get a `$` before the value of {{{word}}}"),
            hint,
        );
    }
    let texts = parts.iter().filter_map(|part| match part {
        Part::Text(text) => Some(text.as_str()),
        Part::Word(_) => None,
    });
    for text in texts {
        let braced = text.split('{').skip(1).find_map(|rest| Word::parse(rest.split('}').next()?));
        let bare =
            || Word::parse(text.trim_matches(|c: char| c.is_whitespace() || "<>$%()[]{}'\"".contains(c)));
        let alone = template.as_text().is_some();
        let token = |word: &Word| matches!(word, Word::AccessToken | Word::RefreshToken | Word::IdToken);
        if let Some(word) = braced.or_else(|| bare().filter(|word| alone && token(word))) {
            let message = format!("a server would get the text `{}` as it stands", shown(text));
            return report.warning(&span, message, format!("the value of a word is written {{{word}}}"));
        }
    }
}

fn shown(text: &str) -> String {
    text.trim().chars().take(40).collect()
}

/// A `.json` file whose text is none, whatever the values are.
fn json(template: &Template, span: &std::ops::Range<usize>, report: &mut Report<'_>) {
    let sample: String = template
        .parts()
        .iter()
        .map(|part| match part {
            Part::Text(text) => text.as_str(),
            // A number stands well in quotes, and by itself.
            Part::Word(_) => "1",
        })
        .collect();
    if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(&sample) {
        let message = format!("the content of this .json file is no JSON, at its line {}", error.line());
        let hint = "look for a comma too many, or a word without quotes; json = { … } writes JSON by itself";
        report.warning(span, message, hint);
    }
}

fn no_token(file: &ProviderFile, report: &mut Report<'_>) {
    let mut words =
        file.env.values().flat_map(Template::words).chain(file.files.iter().flat_map(|delivery| {
            match &delivery.content {
                FileContent::Text(template) => template.words().collect::<Vec<_>>(),
                FileContent::Json(json) => json.templates().into_iter().flat_map(Template::words).collect(),
            }
        }));
    let none = !words.any(|word| matches!(word, Word::AccessToken | Word::RefreshToken | Word::IdToken));
    if none && !(file.env.is_empty() && file.files.is_empty()) {
        let span = report.find(if file.env.is_empty() { "[[file]]" } else { "[env]" });
        let hint = "the server reads it from a variable: NAME = \"{access_token}\"";
        report.warning(&span, "a server gets no token from this provider", hint);
    }
}
