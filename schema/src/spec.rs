//! Reader of user-written YAML that keeps positions and reports every fault at once.
