//! `--budget`: the caller's own limits.

use anyhow::{Context as _, bail};

use crate::playbook::Budget;

/// Changes a playbook's limits as the caller says: `usd=1.5` lowers or raises one, `usd=none`
/// takes it away.
pub(super) fn changed(budget: Budget, flags: &[String]) -> anyhow::Result<Budget> {
    let mut changed = budget;
    for flag in flags {
        let (name, value) = flag
            .split_once('=')
            .with_context(|| format!("`--budget {flag}` wants NAME=NUMBER, such as usd=1.50"))?;
        let value = match value {
            "none" => None,
            number => {
                let number: Option<f64> = number.trim_start_matches('$').parse().ok();
                let number = number.filter(|number| number.is_finite() && *number >= 0.0);
                Some(number.with_context(|| {
                    format!("`--budget {flag}` wants a number or `none` after `{name}=`")
                })?)
            }
        };
        match name {
            "usd" => changed.usd = value,
            "minutes" => changed.minutes = value,
            "tokens" => changed.tokens = value.map(whole),
            "turns" => {
                changed.turns = value.map(|value| u32::try_from(whole(value)).unwrap_or(u32::MAX));
            }
            _ => bail!("there is no budget of `{name}`; there is usd, tokens, turns and minutes"),
        }
    }
    Ok(changed)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a limit is finite and not negative, and a cast saturates"
)]
fn whole(value: f64) -> u64 {
    value as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_can_be_set_and_taken_away() {
        let playbook = Budget { usd: Some(2.5), turns: Some(9), ..Budget::default() };
        let flags = ["usd=none", "turns=20", "minutes=0.5"].map(str::to_owned);
        let budget = changed(playbook, &flags).unwrap();
        assert_eq!((budget.usd, budget.turns, budget.minutes), (None, Some(20), Some(0.5)));
    }

    #[test]
    fn what_is_no_limit_is_refused() {
        for flag in ["usd", "usd=much", "usd=-1", "cats=2"] {
            assert!(changed(Budget::default(), &[flag.to_owned()]).is_err(), "{flag}");
        }
    }
}
