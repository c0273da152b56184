//! Who may edit what: two that edit go side by side only when their files are apart.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::playbook::Glob;

/// The files that are being edited, as globs.
#[derive(Debug, Default)]
pub(super) struct Claims {
    held: Mutex<Vec<(u64, Vec<String>)>>,
    freed: Notify,
}

/// A claim, freed when dropped.
#[derive(Debug)]
pub(super) struct Claim {
    claims: Arc<Claims>,
    id: u64,
}

impl Claims {
    /// Waits until nobody else edits what these globs may match, and claims it.
    pub(super) async fn take(self: &Arc<Self>, globs: &[String]) -> Claim {
        loop {
            let freed = self.freed.notified();
            let mut freed = std::pin::pin!(freed);
            freed.as_mut().enable();
            if let Some(id) = self.try_take(globs) {
                return Claim { claims: Arc::clone(self), id };
            }
            freed.await;
        }
    }

    fn try_take(&self, globs: &[String]) -> Option<u64> {
        let mut held = self.held();
        let clash = held.iter().any(|(_, others)| !apart(globs, others));
        if clash {
            return None;
        }
        let id = held.iter().map(|(id, _)| id + 1).max().unwrap_or_default();
        held.push((id, globs.to_vec()));
        Some(id)
    }

    fn held(&self) -> MutexGuard<'_, Vec<(u64, Vec<String>)>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.claims.held().retain(|(id, _)| *id != self.id);
        self.claims.freed.notify_waiters();
    }
}

/// Whether no file can match a glob of each side. Unsure is no.
fn apart(some: &[String], others: &[String]) -> bool {
    some.iter().all(|one| others.iter().all(|other| globs_are_apart(one, other)))
}

/// A claim may be a path that looks like a glob, so each is taken for both.
fn globs_are_apart(one: &str, other: &str) -> bool {
    let readings = |text: &str| [Glob::new(text), Glob::literal(text)];
    let others = readings(other);
    !readings(one).iter().any(|one| others.iter().any(|other| one.overlaps(other)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_are_apart_only_when_no_file_can_match_both() {
        assert!(globs_are_apart("a.ts", "b.ts"));
        assert!(!globs_are_apart("a.ts", "./a.ts"));
        assert!(!globs_are_apart("**/*.ts", "src/a.ts"));
        assert!(globs_are_apart("**/*.ts", "src/a.py"));
        assert!(globs_are_apart("src/**", "lib/**"));
        assert!(!globs_are_apart("src/**", "src/lib/*.ts"));
        assert!(!globs_are_apart("**/*.ts", "lib/**"));
        assert!(globs_are_apart("**/*.ts", "**/*.py"));
        assert!(!globs_are_apart("app/[id]/a.ts", "app/*/a.ts"));
        assert!(!globs_are_apart("app/[id]/a.ts", "app/\\[id\\]/a.ts"));
    }

    #[tokio::test]
    async fn a_claim_waits_for_one_that_overlaps() {
        let claims = Arc::new(Claims::default());
        let first = claims.take(&["src/**".to_owned()]).await;
        let _apart = claims.take(&["lib/a.ts".to_owned()]).await;
        let waiting = tokio::spawn({
            let claims = Arc::clone(&claims);
            async move { drop(claims.take(&["src/a.ts".to_owned()]).await) }
        });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        drop(first);
        waiting.await.unwrap();
    }
}
