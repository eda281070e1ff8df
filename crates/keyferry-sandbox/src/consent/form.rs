//! The consent form, read from the page's HTML: where it posts, and its hidden fields.

/// What a browser would know of the form.
pub(super) struct ConsentForm {
    pub(super) action: String,
    pub(super) hidden: Vec<(String, String)>,
}

// === impl ConsentForm ===

impl ConsentForm {
    /// Reads the page's first form, if it posts and has a hidden field.
    pub(super) fn read(html: &str) -> Option<Self> {
        let form = html.get(html.find("<form ")?..)?;
        let form = form.get(..form.find("</form>")?)?;
        let mut tags = form.split('<').filter_map(|piece| piece.split_once('>').map(|(tag, _)| tag));
        let head = tags.next()?;
        if attribute(head, "method")? != "post" {
            return None;
        }
        let hidden: Vec<_> = tags
            .filter(|tag| tag.starts_with("input ") && attribute(tag, "type").as_deref() == Some("hidden"))
            .filter_map(|tag| Some((attribute(tag, "name")?, attribute(tag, "value")?)))
            .collect();
        (!hidden.is_empty()).then_some(Self { action: attribute(head, "action")?, hidden })
    }
}

/// The value of a double-quoted attribute.
fn attribute(tag: &str, name: &str) -> Option<String> {
    let value = tag.split_once(&format!(" {name}=\""))?.1.split('"').next()?;
    let plain = value.replace("&quot;", "\"").replace("&#39;", "'").replace("&lt;", "<").replace("&gt;", ">");
    Some(plain.replace("&amp;", "&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn action_and_hidden_fields_are_read() {
        let html = r#"<p>x</p><form method="post" action="/go?a=1&amp;b=2">
            <input type="hidden" name="consent" value="a&quot;&lt;b"><input type="radio" name="account" value="ada">
            <button name="decision" value="allow">Allow</button></form>"#;
        let form = ConsentForm::read(html).unwrap();
        assert_eq!(form.action, "/go?a=1&b=2");
        assert_eq!(form.hidden, [("consent".to_owned(), "a\"<b".to_owned())]);
    }

    #[test]
    fn a_page_without_a_posting_form_is_no_consent_page() {
        for html in [
            "",
            "<form ",
            "<p>no form</p>",
            r#"<form method="get" action="/"></form>"#,
            "<form method=\"post\"></form>",
        ] {
            assert!(ConsentForm::read(html).is_none(), "{html}");
        }
    }
}
