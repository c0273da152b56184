//! `wizard lint --model`: a model reads the playbooks too.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use futures_util::{StreamExt as _, stream};
use tokio::time::Instant;

use crate::cli::surroundings::Surroundings;
use crate::cli::{budget, model, print};
use crate::diagnostic::Level;
use crate::doubt::{self, Asked};
use crate::journal::shown::{count, money, plural};
use crate::lint::doubts::Doubts;
use crate::lint::{self, Known, Profile};
use crate::model::retry::{Notify, Retrying};
use crate::model::{Provider, Request, Usage};
use crate::playbook::{Budget, Bundle, Playbook};
use crate::redact::Redactor;
use crate::run::Model;

/// The limit when the person names none, in US dollars.
const LIMIT: f64 = 1.0;

/// Playbooks that are read at once.
const SIDE_BY_SIDE: usize = 4;

/// The word for whatever model is set up.
const DEFAULT: &str = "default";

/// Whether a model reads the playbooks, and which.
#[derive(Debug, clap::Args)]
pub(super) struct Reading {
    /// Let a model read each playbook too, and say what it doubts. Costs money
    ///
    /// Alone, the model that is set up; else an id, or an alias such as small.
    #[arg(
        long,
        value_name = "MODEL",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = DEFAULT,
        conflicts_with = "fix",
        help_heading = "Model"
    )]
    model: Option<String>,

    /// A limit of what the model may cost: usd, tokens, turns or minutes; $1 when left out
    #[arg(long, value_name = "NAME=NUMBER", help_heading = "Model")]
    budget: Vec<String>,

    #[command(flatten)]
    service: model::Service,
}

/// What is to be said after a model has read.
#[derive(Default)]
pub(super) struct Read {
    /// What it took.
    pub(super) told: Vec<String>,
    /// The playbooks that it could not be heard about, and why.
    pub(super) unread: Vec<String>,
}

/// A playbook that is read, and the request about it.
struct Page<'a> {
    bundle: &'a Bundle,
    playbook: Playbook,
    request: Request,
}

impl Reading {
    /// Whether a model is to be asked.
    pub(super) fn is_wanted(&self) -> anyhow::Result<bool> {
        if self.model.is_none() && (self.service.is_named() || !self.budget.is_empty()) {
            bail!("no model is asked: add `--model`");
        }
        Ok(self.model.is_some())
    }

    /// Lets the model read every playbook that has no error, and keeps what it doubts.
    pub(super) fn read(
        &self,
        bundles: &[Bundle],
        known: &mut Known,
        surroundings: &Surroundings,
    ) -> anyhow::Result<Read> {
        let Some(named) = &self.model else { return Ok(Read::default()) };
        let named = Some(named.clone()).filter(|named| named != DEFAULT);
        let choice = model::Choice::new(self.service.clone(), named);
        let chosen = choice.choose(surroundings)?.context(
            "no model is set up to read playbooks: set ANTHROPIC_API_KEY or OPENAI_API_KEY, or \
             name a service with `--provider`",
        )?;
        let model = chosen.model(DEFAULT)?;
        let (pages, faulty) = pages(bundles, known, &model);
        let mut read = Read::default();
        if !pages.is_empty() {
            let limits = Budget { usd: Some(LIMIT), ..Budget::default() };
            let limits = budget::changed(limits, &self.budget)?;
            hold(&pages, &model, limits)?;
            let provider = Retrying::new(Arc::clone(&chosen.provider), notify());
            let redactor = Redactor::of_environment(&surroundings.variables);
            let asked = ask(&provider, &pages, limits, &redactor)?;
            read = keep(&pages, asked, &model, known);
        }
        if faulty > 0 {
            let playbooks = plural(faulty, "playbook");
            read.told.push(format!("not read by the model: {playbooks} with errors"));
        }
        Ok(read)
    }
}

/// Makes the requests, one for each playbook without errors, and counts those with. Of copies one
/// is read.
fn pages<'a>(bundles: &'a [Bundle], known: &Known, model: &Model) -> (Vec<Page<'a>>, usize) {
    let mut pages: Vec<Page<'a>> = Vec::new();
    let mut faulty = 0;
    for bundle in bundles {
        let (playbook, findings) = lint::check(bundle, known, Profile::Min);
        if findings.iter().any(|finding| finding.level == Level::Error) {
            faulty += 1;
        } else if !pages.iter().any(|page| page.bundle.hash == bundle.hash) {
            let request = doubt::request(bundle, &playbook, &model.id, model.max_tokens);
            pages.push(Page { bundle, playbook, request });
        }
    }
    (pages, faulty)
}

/// Says what the model may cost at most, and refuses what could pass a limit.
fn hold(pages: &[Page<'_>], model: &Model, limits: Budget) -> anyhow::Result<()> {
    let requests = doubt::MOST_REQUESTS * u32::try_from(pages.len())?;
    let mut most = Usage::default();
    let mut usd = model.price.map(|_| 0.0);
    for page in pages {
        let output = u64::from(page.request.max_tokens);
        // The second request has the first answer in it.
        for input in [doubt::sent(&page.request), doubt::sent(&page.request) + output] {
            let usage = Usage { input, output, ..Usage::default() };
            usd = model.price.map(|price| usd.unwrap_or_default() + price.cost(usage));
            most += usage;
        }
    }
    let tokens = most.sent() + most.output;
    if limits.usd.is_some() && usd.is_none() {
        bail!(
            "the price of the model `{}` is not known; give it in models.toml (0 for a model of \
             your own), or pass `--budget usd=none`",
            model.id
        );
    }
    let what = usd.map_or_else(|| format!("{} tokens", count(tokens)), money);
    let over = |name: &str, limit: String| {
        let pages = plural(pages.len(), "playbook");
        format!(
            "to read {pages} may take up to {what}, and the limit is {limit}: name fewer, or raise \
             it with `--budget {name}=NUMBER`"
        )
    };
    if let (Some(usd), Some(limit)) = (usd, limits.usd)
        && usd > limit
    {
        bail!(over("usd", money(limit)));
    }
    if let Some(limit) = limits.tokens.filter(|limit| tokens > *limit) {
        bail!(over("tokens", format!("{} tokens", count(limit))));
    }
    if let Some(limit) = limits.turns.filter(|limit| requests > *limit) {
        bail!(over("turns", plural(limit as usize, "request")));
    }
    let playbooks = plural(pages.len(), "playbook");
    print::complain(&format!("{} reads {playbooks}, for {what} at most", model.id));
    Ok(())
}

/// Asks about every playbook, some at a time. The answers stand in the order of the pages.
fn ask(
    provider: &dyn Provider,
    pages: &[Page<'_>],
    limits: Budget,
    redactor: &Redactor,
) -> anyhow::Result<Vec<Asked>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let asked = runtime.block_on(async {
        let minutes = limits.minutes.map(|minutes| Duration::try_from_secs_f64(minutes * 60.0));
        let end = minutes.and_then(Result::ok).and_then(|limit| Instant::now().checked_add(limit));
        let asked = pages.iter().map(|page| async move {
            let request = page.request.clone();
            let asked = doubt::ask(provider, request, page.bundle, &page.playbook, redactor);
            match end {
                Some(end) => {
                    let asked = tokio::time::timeout_at(end, asked).await;
                    asked.unwrap_or_else(|_| Asked::late(&page.request))
                }
                None => asked.await,
            }
        });
        stream::iter(asked).buffered(SIDE_BY_SIDE).collect().await
    });
    runtime.shutdown_background();
    Ok(asked)
}

/// Keeps the doubts for the rule that tells them, and sums what they took.
fn keep(pages: &[Page<'_>], asked: Vec<Asked>, model: &Model, known: &mut Known) -> Read {
    let mut of = BTreeMap::new();
    let mut read = Read::default();
    let mut usage = Usage::default();
    let (mut estimated, mut nowhere, mut all) = (false, 0, 0);
    let mut usd = 0.0;
    for (page, asked) in pages.iter().zip(asked) {
        usage += asked.usage;
        usd += model.price.map(|price| price.cost(asked.usage)).unwrap_or_default();
        estimated |= asked.estimated;
        match asked.heard {
            Ok(heard) => {
                nowhere += heard.nowhere;
                all += heard.nowhere + heard.doubts.len();
                of.insert(page.bundle.hash.clone(), heard.doubts);
            }
            Err(reason) => {
                let file = &page.bundle.files[0].name;
                let reason = reason.to_string().replace("\n-", "");
                read.unread.push(format!("error: {file} was not read by the model: {reason}"));
            }
        }
    }
    let mut line = format!(
        "{} read {}: {}{} tokens sent, {} received",
        model.id,
        plural(of.len(), "playbook"),
        if estimated { "about " } else { "" },
        count(usage.sent()),
        count(usage.output),
    );
    if model.price.is_some() {
        line.push_str(&format!(", {}", money(usd)));
    }
    if nowhere > 0 {
        line.push_str(&format!(
            "; {nowhere} of {} named no place that exists",
            plural(all, "doubt")
        ));
    }
    read.told.push(line);
    known.doubts = Some(Arc::new(Doubts { model: model.id.clone(), of }));
    read
}

/// Tells the person why it takes longer.
fn notify() -> Notify {
    Arc::new(|_, wait| {
        print::complain(&format!("waiting {} s: {}", wait.time.as_secs(), wait.reason));
    })
}
