//! What to say of a name that nothing has.

use livefire_schema::spec::did_you_mean;

/// `no scenario `quik`; did you mean `quick`?`, or, if no known name is near, where to look.
pub(crate) fn unknown<'a>(
    what: &str,
    name: &str,
    known: impl IntoIterator<Item = &'a str>,
    see: &str,
) -> String {
    match did_you_mean(name, known).filter(|near| *near != name) {
        Some(near) => format!("no {what} `{name}`; did you mean `{near}`?"),
        None => format!("no {what} `{name}`; see: {see}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_never_suggested_for_itself() {
        let say = |name| unknown("scenario", name, ["quick", "H1"], "livefire list scenarios");
        assert_eq!(say("quik"), "no scenario `quik`; did you mean `quick`?");
        assert_eq!(say("H1"), "no scenario `H1`; see: livefire list scenarios");
    }
}
