//! Scoring of real alerts: small worlds built by hand, then worlds drawn at random.

#[path = "score/credit.rs"]
mod credit;
#[path = "score/misses.rs"]
mod misses;
#[path = "score/properties.rs"]
mod properties;
#[path = "score/reference.rs"]
mod reference;
#[path = "score/twins.rs"]
mod twins;
#[path = "score/verdicts.rs"]
mod verdicts;
#[path = "score/world.rs"]
mod world;
