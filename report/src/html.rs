//! From blocks to HTML, by templates; the one place where text is escaped.
//!
//! What moves the cursor or reorders text is spelled out before the characters of HTML are escaped,
//! so that a prompt looks as it was written and does nothing.

use std::fmt::Write;

use minijinja::value::{Value, ValueKind};
use minijinja::{AutoEscape, Environment, context};

use crate::document::Document;

/// Name and text of every template.
const TEMPLATES: &[(&str, &str)] = &[
    ("report.html", include_str!("../templates/report.html")),
    ("blocks.html", include_str!("../templates/blocks.html")),
    ("plot.html", include_str!("../templates/plot.html")),
];
const STYLE: &str = include_str!("../templates/style.css");
const SCRIPT: &str = include_str!("../templates/script.js");

/// A template failed: a defect of livefire.
#[derive(Debug, thiserror::Error)]
#[error("report template: {0:#}")]
pub struct RenderError(#[from] minijinja::Error);

/// Writes a document out.
///
/// # Errors
/// [`RenderError`] if a template fails.
pub(crate) fn render(document: &Document) -> Result<String, RenderError> {
    let mut environment = Environment::new();
    environment.set_trim_blocks(true);
    environment.set_lstrip_blocks(true);
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.set_formatter(|out, state, value| match value.as_str() {
        Some(text) if value.kind() == ValueKind::String && !value.is_safe() => out
            .write_str(&escaped(text))
            .map_err(minijinja::Error::from),
        _ => minijinja::escape_formatter(out, state, value),
    });
    for (name, text) in TEMPLATES {
        environment.add_template(name, text)?;
    }
    let page = environment.get_template("report.html")?;
    let html = page.render(context! {
        document => Value::from_serialize(document),
        style => Value::from_safe_string(STYLE.to_owned()),
        script => Value::from_safe_string(SCRIPT.to_owned()),
    })?;
    Ok(html)
}

/// Text that is only text, in an element or a quoted attribute.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '`' => out.push_str("&#96;"),
            unseen if is_unseen(unseen) => {
                // Writing to a string cannot fail.
                let _ = write!(out, "{}", unseen.escape_unicode());
            }
            seen => out.push(seen),
        }
    }
    out
}

/// Characters that hide or reorder text, or that HTML does not allow.
fn is_unseen(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{200b}'..='\u{200f}'     // zero width, direction marks
            | '\u{2028}'..='\u{202e}'   // separators, embeddings, overrides
            | '\u{2060}'..='\u{206f}'   // joiners, isolates
            | '\u{fe00}'..='\u{fe0f}'   // variation selectors
            | '\u{feff}'
            | '\u{fdd0}'..='\u{fdef}'   // no characters
            | '\u{e0000}'..='\u{e0fff}') // tag characters
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Cell, Group, Section, Table};

    fn page_with(text: &str) -> String {
        let mut section = Section::new("s", text);
        let mut table = Table::new(text, &["name", "#n"]);
        table.rows.push(vec![Cell::sample(text), Cell::count(1)]);
        section.push(table);
        section.text(text);
        let groups = vec![Group {
            title: "Evaluation",
            sections: vec![section],
        }];
        let document = Document {
            title: text.to_owned(),
            subtitle: text.to_owned(),
            program: "livefire".to_owned(),
            groups,
        };
        render(&document).expect("renders")
    }

    #[test]
    fn text_from_logs_stays_text() {
        let page = page_with("</script><script>alert(1)</script>\"'`<!--");
        assert_eq!(page.matches("<script").count(), 1, "only our own script");
        assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&#96;&lt;!--"));
    }

    #[test]
    fn text_that_hides_or_turns_is_spelled_out() {
        let page = page_with("a\u{202e}b\u{e0041}c\u{1b}[2J");
        assert!(page.contains("a\\u{202e}b\\u{e0041}c\\u{1b}[2J"));
    }

    #[test]
    fn templates_in_text_are_not_run() {
        assert!(page_with("{{ 7 * 7 }}{% raw %}").contains("{{ 7 * 7 }}{% raw %}"));
    }
}
