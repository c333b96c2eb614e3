//! Text from logs is written by attackers: what it may do to a terminal or a spreadsheet is taken
//! away here, where it is printed, never where it is stored.

use std::borrow::Cow;

/// Characters that move the cursor, switch modes, hide or reorder text.
fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{200b}'..='\u{200f}'     // zero width, direction marks
            | '\u{2028}'..='\u{202e}'   // separators, embeddings, overrides
            | '\u{2060}'..='\u{206f}'   // joiners, isolates
            | '\u{fe00}'..='\u{fe0f}'   // variation selectors
            | '\u{feff}'
            | '\u{e0000}'..='\u{e0fff}') // tag characters
}

/// The text with every control, invisible and direction-changing character spelled out.
pub(crate) fn terminal(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_unsafe(c) {
            safe.extend(c.escape_unicode());
        } else {
            safe.push(c);
        }
    }
    Cow::Owned(safe)
}

/// [`terminal`], line by line: keeps the line ends of multi-line text of our own making.
pub(crate) fn terminal_lines(text: &str) -> Cow<'_, str> {
    if !text.chars().any(|c| c != '\n' && is_unsafe(c)) {
        return Cow::Borrowed(text);
    }
    let lines: Vec<_> = text.split('\n').map(terminal).collect();
    Cow::Owned(lines.join("\n"))
}

/// The text as a CSV cell that no spreadsheet takes for a formula: one that begins like a formula
/// is led by an apostrophe.
pub(crate) fn csv_cell(text: &str) -> Cow<'_, str> {
    let formula = |c: char| {
        matches!(
            c,
            '=' | '+'
                | '-'
                | '@'
                | '\t'
                | '\r'
                | '\n'
                | '\u{ff1d}'
                | '\u{ff0b}'
                | '\u{ff0d}'
                | '\u{ff20}'
        )
    };
    if text.starts_with(formula) {
        Cow::Owned(format!("'{text}"))
    } else {
        Cow::Borrowed(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_sequences_are_spelled_out() {
        assert_eq!(terminal("a\x1b[31mred"), "a\\u{1b}[31mred");
        assert_eq!(terminal("a\u{202e}b\r\n"), "a\\u{202e}b\\u{d}\\u{a}");
        assert_eq!(terminal("tag\u{e0041}"), "tag\\u{e0041}");
        assert_eq!(terminal("Grüße – 你好 🙂"), "Grüße – 你好 🙂");
    }

    #[test]
    fn our_own_line_ends_stay() {
        assert_eq!(terminal_lines("a\n\x07b\n"), "a\n\\u{7}b\n");
    }

    #[test]
    fn cells_that_begin_like_formulas_are_quoted() {
        assert_eq!(csv_cell("=cmd|' /C calc'!A0"), "'=cmd|' /C calc'!A0");
        for head in ["+1", "-1", "@x", "\tx", "\rx"] {
            assert!(csv_cell(head).starts_with('\''), "{head:?}");
        }
        assert_eq!(csv_cell("plain = text"), "plain = text");
    }
}
