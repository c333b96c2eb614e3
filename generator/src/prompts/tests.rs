//! What prompts must hold: rendering, mutations, lengths.

use super::*;

fn library() -> PromptLibrary {
    PromptLibrary::embedded(500, 0.93)
}

fn text(library: &PromptLibrary, prompt: &Prompt) -> String {
    let mut out = String::new();
    library.render(prompt, &mut out);
    out
}

fn prompt(library: &PromptLibrary, set: &str, key: u64) -> Prompt {
    let set = library.set_index(set).expect("is a set");
    library.draw_own(set, Key::root(key))
}

#[track_caller]
fn mutates(mutation: Mutation, holds: fn(&str, &str) -> bool) {
    let library = library();
    for key in 0..50 {
        let plain = prompt(&library, "finance", key);
        let changed = Prompt { mutation, ..plain };
        let (plain, changed) = (text(&library, &plain), text(&library, &changed));
        assert_ne!(prompt_hash(&plain), prompt_hash(&changed), "{plain}");
        assert!(holds(&plain, &changed), "{plain}\n{changed}");
    }
}

#[test]
fn texts_are_tidy_and_hold_no_slot() {
    let library = library();
    for name in ["finance", "injection_direct", "support", "recon_probe"] {
        for key in 0..300 {
            let text = text(&library, &prompt(&library, name, key));
            assert!(!text.contains("  ") && text.trim() == text, "{text:?}");
            assert!(!text.contains('{') && !text.contains("@int"), "{text:?}");
            assert!(!text.starts_with(char::is_lowercase), "{text:?}");
        }
    }
}

#[test]
fn doubled_braces_and_unknown_slots_are_literal() {
    let library = library();
    let texts: Vec<String> = (0..200)
        .map(|key| text(&library, &prompt(&library, "log_injection", key)))
        .collect();
    assert!(
        texts
            .iter()
            .any(|text| text.starts_with("{\"message\": \"ok\"} "))
    );
    assert!(
        texts
            .iter()
            .any(|text| text.ends_with("{\"level\":\"INFO\"}"))
    );
}

#[test]
fn a_slot_that_occurs_twice_has_one_value() {
    let library = library();
    let twice = (0..300)
        .map(|key| prompt(&library, "jailbreak", key))
        .find(|prompt| prompt.template == 9)
        .expect("the tenth template is drawn");
    let text = text(&library, &twice);
    let name = text
        .split("Speak as ")
        .nth(1)
        .and_then(|rest| rest.split('.').next());
    let name = name.expect("the template names a persona");
    assert_eq!(text.matches(name).count(), 2, "{text}");
}

#[test]
fn fixed_sets_have_as_many_texts_as_templates() {
    let library = library();
    let mut texts: Vec<String> = (0..500)
        .map(|key| text(&library, &prompt(&library, "shared_templates", key)))
        .collect();
    texts.sort();
    texts.dedup();
    assert_eq!(texts.len(), 10);
}

#[test]
fn own_prompts_differ_and_pool_prompts_repeat() {
    let library = library();
    let set = library.set_index("finance").expect("is a set");
    let mut hashes: Vec<String> = (0..10_000)
        .map(|key| prompt_hash(&text(&library, &library.draw(set, Key::root(key)))))
        .collect();
    hashes.sort();
    hashes.dedup();
    // 700 draws of a pool of 208 texts repeat; the 9,300 others hardly do.
    assert!((9_400..9_560).contains(&hashes.len()), "{}", hashes.len());
}

#[test]
fn the_sequential_grid_visits_every_combination_once() {
    let library = library();
    let set = library
        .set_index("model_extraction_grid")
        .expect("is a set");
    let key = Key::root(1);
    // Template 3 has 12 × 10 combinations.
    let mut texts: Vec<String> = (0..120)
        .map(|position| text(&library, &library.at_grid(set, position * 6 + 3, key)))
        .collect();
    assert_eq!(texts[0], "Next word after: The courier arrived late");
    texts.sort();
    texts.dedup();
    assert_eq!(texts.len(), 120);
}

#[test]
fn mutations_do_what_they_say() {
    mutates(Mutation::TrailingSpace, |plain, changed| {
        changed.trim_end() == plain && changed.ends_with(' ')
    });
    mutates(Mutation::TailNonce, |plain, changed| {
        changed.starts_with(&format!("{plain} (ref "))
    });
    mutates(Mutation::HeadNonce, |plain, changed| {
        changed.starts_with('[') && changed.ends_with(plain)
    });
    mutates(Mutation::Greeting, |plain, changed| {
        changed.ends_with(plain)
    });
    mutates(Mutation::CaseFlip, |plain, changed| {
        plain.eq_ignore_ascii_case(changed)
    });
    mutates(Mutation::ZeroWidth, |plain, changed| {
        changed.replace('\u{200b}', "") == plain
    });
    mutates(Mutation::Homoglyph, |plain, changed| {
        plain.chars().count() == changed.chars().count()
    });
    mutates(Mutation::TagCharacters, |plain, changed| {
        changed.starts_with(plain)
            && changed
                .chars()
                .any(|c| ('\u{e0020}'..='\u{e007e}').contains(&c))
    });
}

#[test]
fn a_synonym_keeps_the_template() {
    let library = library();
    let plain = (0..100)
        .map(|key| prompt(&library, "support", key))
        .find(|prompt| prompt.template == 3)
        .expect("drawn");
    let changed = (0..20).map(|nonce| Prompt {
        mutation: Mutation::Synonym,
        nonce: Key::root(nonce),
        ..plain
    });
    let texts: Vec<String> = changed.map(|prompt| text(&library, &prompt)).collect();
    assert!(
        texts
            .iter()
            .all(|text| text.to_lowercase().contains("which steps fix"))
    );
    assert!(texts.iter().any(|text| *text != texts[0]));
}

#[test]
fn padding_reaches_the_asked_length() {
    let library = library();
    let padded = Prompt {
        pad_to: 900,
        ..prompt(&library, "finance", 3)
    };
    assert!(text(&library, &padded).chars().count() >= 900);
}

#[test]
fn a_users_lines_are_taken_literally() {
    let mut library = library();
    let set = library.add_lines("mine", &["  keep {this}  as it is ".to_owned()]);
    assert_eq!(library.set_index("mine"), Some(set));
    assert_eq!(
        text(&library, &library.draw(set, Key::root(1))),
        "  keep {this}  as it is "
    );
}

#[test]
fn hash_and_sample_are_those_of_the_text() {
    assert_eq!(prompt_hash("hello"), "5d41402abc4b2a76b9719d911017c592");
    let long = "ä".repeat(100);
    assert_eq!(prompt_sample(&long).chars().count(), 80);
    assert_eq!(prompt_sample("short"), "short");
}
