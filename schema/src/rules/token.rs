//! References to rules as kinds, options and reports write them: rule, class, variant.

use std::fmt;

use super::rule;

/// A reference to a rule: `<rule>[.<class>][@<variant>]`, checked against the registry.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct RuleToken {
    /// Rule id, e.g. `R3`.
    pub rule: String,
    /// Class or severity, e.g. `bot`.
    pub class: Option<String>,
    /// Variant, e.g. `app_log`.
    pub variant: Option<String>,
}

/// Why text is no rule token.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RuleTokenError {
    /// No rule has this id.
    #[error("`{0}` is no rule; rules: R1–R6, C1–C3, H1–H3, U1–U4")]
    UnknownRule(String),
    /// The rule declares no such class or severity.
    #[error("rule {rule} has no class `{class}`; it has: {known}")]
    UnknownClass {
        /// The rule.
        rule: String,
        /// What was written.
        class: String,
        /// What it declares, comma-separated.
        known: String,
    },
    /// The rule ships no such variant.
    #[error("rule {rule} has no variant `{variant}`; it has: {known}")]
    UnknownVariant {
        /// The rule.
        rule: String,
        /// What was written.
        variant: String,
        /// What it ships, comma-separated.
        known: String,
    },
}

impl std::str::FromStr for RuleToken {
    type Err = RuleTokenError;

    fn from_str(text: &str) -> Result<Self, RuleTokenError> {
        let (head, variant) = match text.split_once('@') {
            Some((head, variant)) => (head, Some(variant)),
            None => (text, None),
        };
        let (id, class) = match head.split_once('.') {
            Some((id, class)) => (id, Some(class)),
            None => (head, None),
        };
        let info = rule(id).ok_or_else(|| RuleTokenError::UnknownRule(id.to_owned()))?;
        let severities = ["low", "medium", "high", "critical"];
        if let Some(class) = class
            && !info.classes.contains(&class)
            && !severities.contains(&class)
        {
            let known: Vec<_> = info.classes.iter().chain(&severities).copied().collect();
            return Err(RuleTokenError::UnknownClass {
                rule: id.to_owned(),
                class: class.to_owned(),
                known: known.join(", "),
            });
        }
        if let Some(variant) = variant
            && !info.variants.contains(&variant)
        {
            return Err(RuleTokenError::UnknownVariant {
                rule: id.to_owned(),
                variant: variant.to_owned(),
                known: if info.variants.is_empty() {
                    "none".into()
                } else {
                    info.variants.join(", ")
                },
            });
        }
        Ok(RuleToken {
            rule: id.to_owned(),
            class: class.map(str::to_owned),
            variant: variant.map(str::to_owned),
        })
    }
}

impl fmt::Display for RuleToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.rule)?;
        if let Some(class) = &self.class {
            write!(f, ".{class}")?;
        }
        if let Some(variant) = &self.variant {
            write!(f, "@{variant}")?;
        }
        Ok(())
    }
}

impl serde::Serialize for RuleToken {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for RuleToken {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_checked_against_what_the_rule_declares() {
        assert_eq!(
            "R3.bot".parse::<RuleToken>().map(|t| t.to_string()),
            Ok("R3.bot".into())
        );
        assert!("R1@app_log".parse::<RuleToken>().is_ok());
        assert!("R4.high".parse::<RuleToken>().is_ok());
        assert!("R9".parse::<RuleToken>().is_err());
        assert!("R3.robot".parse::<RuleToken>().is_err());
        assert!("R2@address".parse::<RuleToken>().is_err());
    }
}
