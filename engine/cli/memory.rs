//! The engine's own memory and environment, in which the model's key stands.

/// Lets no other program of the same person look into this one: not at its memory, not at the
/// environment that it was started with. Programs that it starts are not changed.
pub(super) fn close() {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        // A system that knows no such thing has other ways to keep programs apart.
        let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn nobody_else_looks_in_and_we_still_do() {
        use rustix::process::{DumpableBehavior, dumpable_behavior};
        close();
        assert_eq!(dumpable_behavior(), Ok(DumpableBehavior::NotDumpable));
        assert!(std::fs::read_link("/proc/self/fd/0").is_ok());
    }
}
