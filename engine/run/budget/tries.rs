//! What one request and its retries hold.

use std::sync::{Mutex, PoisonError};

use futures_util::future::{BoxFuture, FutureExt as _};

use crate::model::Meter;
use crate::run::budget::{Account, Cost, Hold, Spent};

/// One request, however often it is tried. A try that the service may have counted stays spent,
/// and the next is reserved anew.
pub(in crate::run) struct Tries<'a> {
    account: &'a Account,
    cost: Cost,
    hold: Mutex<Option<Hold>>,
    spent: Mutex<Option<Spent>>,
}

impl<'a> Tries<'a> {
    /// Reserves the first.
    pub(in crate::run) async fn begin(account: &'a Account, cost: Cost) -> Result<Self, Spent> {
        let hold = account.reserve(cost).await?;
        Ok(Tries { account, cost, hold: Mutex::new(Some(hold)), spent: Mutex::default() })
    }

    /// Books what the last try really cost.
    pub(in crate::run) fn settle(self, cost: Cost) {
        let hold = self.hold.into_inner().unwrap_or_else(PoisonError::into_inner);
        if let Some(hold) = hold {
            hold.settle(cost);
        }
    }

    /// Returns the limit that kept it from being tried again, if one did.
    pub(in crate::run) fn spent(&self) -> Option<Spent> {
        self.spent.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Meter for Tries<'_> {
    fn again(&self) -> BoxFuture<'_, Result<(), String>> {
        async {
            // Held while it waits for room, it would wait for itself.
            drop(self.hold.lock().unwrap_or_else(PoisonError::into_inner).take());
            match self.account.reserve_turns(self.cost, 0).await {
                Ok(hold) => {
                    *self.hold.lock().unwrap_or_else(PoisonError::into_inner) = Some(hold);
                    Ok(())
                }
                Err(spent) => {
                    let text = spent.text.clone();
                    *self.spent.lock().unwrap_or_else(PoisonError::into_inner) = Some(spent);
                    Err(text)
                }
            }
        }
        .boxed()
    }
}
