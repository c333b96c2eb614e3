//! Suggestions for misspelt words: the nearest known word, or the list of all.

/// The candidate that `word` most likely stands for, if one is near enough.
///
/// Near means at most one edit (insert, delete, replace, swap) per three letters, at least one;
/// case does not count. Of equally near candidates the first wins.
#[must_use]
pub fn did_you_mean<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let lower = word.to_lowercase();
    let allowed = (word.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| {
            let distance = strsim::damerau_levenshtein(&lower, &candidate.to_lowercase());
            (distance, candidate)
        })
        .filter(|&(distance, candidate)| {
            distance <= allowed && candidate.chars().count() > distance
        })
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, candidate)| candidate)
}

/// The end of a message about an unknown `word`: `; did you mean …?`, else `; <label>: a, b, …`.
///
/// At most twelve candidates are listed; none gives an empty end.
#[must_use]
pub fn or_list<'a>(
    word: &str,
    label: &str,
    candidates: impl IntoIterator<Item = &'a str> + Clone,
) -> String {
    if let Some(near) = did_you_mean(word, candidates.clone()) {
        return format!("; did you mean `{near}`?");
    }
    let all: Vec<&str> = candidates.into_iter().collect();
    match all.len() {
        0 => String::new(),
        1..=12 => format!("; {label}: {}", all.join(", ")),
        _ => format!("; {label}: {}, …", all[..12].join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn suggests(word: &str, candidates: &[&str], expected: Option<&str>) {
        assert_eq!(did_you_mean(word, candidates.iter().copied()), expected);
    }

    #[test]
    fn near_words_are_suggested_and_far_ones_are_not() {
        suggests("cuont", &["gap", "count"], Some("count"));
        suggests("ResultTyp", &["Result", "ResultType"], Some("ResultType"));
        suggests("WINDOW", &["window"], Some("window"));
        suggests("zebra", &["gap", "count"], None);
        suggests("a", &["b"], None);
    }

    #[test]
    fn without_a_near_word_all_are_listed() {
        assert_eq!(or_list("zebra", "keys", ["a", "b"]), "; keys: a, b");
        assert_eq!(or_list("zebra", "keys", []), "");
    }
}
