//! Ctrl-C and its relatives: the first ends the run in order, the second at once.

use tokio_util::sync::CancellationToken;

use crate::cli::print::complain;

/// The exit code of a run that was ended at once.
const AT_ONCE: i32 = 130;

/// Cancels at the first signal, and ends the process at the second.
pub(super) fn listen(cancel: CancellationToken) {
    tokio::spawn(async move {
        let Ok(mut signals) = Signals::open() else { return };
        signals.next().await;
        complain("stopping; once more ends at once");
        cancel.cancel();
        signals.next().await;
        #[expect(clippy::exit, reason = "the person asked twice: nothing is waited for")]
        std::process::exit(AT_ONCE);
    });
}

#[cfg(unix)]
struct Signals([tokio::signal::unix::Signal; 3]);

#[cfg(unix)]
impl Signals {
    fn open() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
        let [interrupt, terminate, hangup] = kinds.map(signal);
        Ok(Signals([interrupt?, terminate?, hangup?]))
    }

    async fn next(&mut self) {
        let [interrupt, terminate, hangup] = &mut self.0;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn open() -> std::io::Result<Self> {
        Ok(Signals)
    }

    async fn next(&mut self) {
        let _ = tokio::signal::ctrl_c().await;
    }
}
