//! Blocks of lines under one heading, as the verdict's lists are.

/// Lines of each list that are shown; the files have all.
const SHOWN: usize = 12;

/// A block of lines: a heading in the first, spaces in the others, what is left out in the last.
pub(super) fn block(heading: &str, rows: &[Vec<String>], file: &str) -> Vec<String> {
    let widths: Vec<usize> = (0..rows.first().map_or(0, Vec::len))
        .map(|column| {
            rows.iter()
                .take(SHOWN)
                .map(|row| row[column].chars().count())
                .max()
                .unwrap_or(0)
        })
        .collect();
    let mut lines = Vec::new();
    for (index, row) in rows.iter().take(SHOWN).enumerate() {
        let head = if index == 0 { heading } else { "" };
        let mut line = format!("{head:<10}");
        for (cell, width) in row.iter().zip(&widths) {
            line.push_str(&format!("{cell:<width$}  "));
        }
        lines.push(format!("{}\n", line.trim_end()));
    }
    if rows.len() > SHOWN {
        lines.push(format!(
            "{:10}… {} more in {file}\n",
            "",
            rows.len() - SHOWN
        ));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lists_end_with_how_much_is_left_out() {
        let rows: Vec<_> = (0..SHOWN + 2)
            .map(|index| vec![format!("c{index}")])
            .collect();
        let lines = block("missed", &rows, "campaigns.csv");
        assert_eq!(lines[0], "missed    c0\n");
        assert_eq!(lines[SHOWN], "          … 2 more in campaigns.csv\n");
    }
}
