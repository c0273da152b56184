//! The fetched docs of a playbook as they are now, beside what `wizard.lock` says of them.

use serde_json::Value;

use crate::playbook::{DocPlace, Playbook};
use crate::reference::asked::{Address, Outcome, get};
use crate::reference::gather::within;
use crate::reference::pieces::section_at;
use crate::reference::{How, Page, Reach, Sources, markdown, settled};

/// A doc of a playbook that has an address.
#[derive(Debug, Clone)]
pub struct Document {
    /// Its name.
    pub name: String,
    /// The stage that alone has it.
    pub stage: Option<String>,
    /// Its address, with the section that it is.
    pub url: String,
    /// What was got, or why nothing was.
    pub got: Result<Got, String>,
}

/// A doc as it is now.
#[derive(Debug, Clone)]
pub struct Got {
    /// The page that it is on.
    pub page: Page,
    /// How the page was got.
    pub how: How,
    /// The markdown, before `max_tokens` cuts it.
    pub text: String,
}

/// Asks for every doc of a playbook that has an address, whatever is stored of it; what is stored
/// is confirmed or replaced. Offline, what is stored is taken.
pub async fn documents(playbook: &Playbook, scope: &Value, sources: Sources<'_>) -> Vec<Document> {
    let own = playbook
        .stages
        .iter()
        .flat_map(|stage| stage.docs.iter().map(|doc| (Some(stage.id.value.clone()), doc)));
    let docs = playbook.docs.iter().map(|doc| (None, doc)).chain(own);
    let asked = docs.filter_map(|(stage, doc)| {
        let DocPlace::Url(url) = &doc.place else { return None };
        let name = doc.name.value.clone();
        Some(async move {
            let (url, got) = match Address::of(url, scope) {
                Ok(address) => (address.to_string(), document(&address, sources).await),
                Err(reason) => (url.text.clone(), Err(reason)),
            };
            Document { name, stage, url, got }
        })
    });
    futures_util::future::join_all(asked).await
}

async fn document(address: &Address, sources: Sources<'_>) -> Result<Got, String> {
    let (outcome, _) = get(&address.page, std::time::Duration::ZERO, sources).await;
    let (page, how) = match outcome {
        Outcome::Got { page, how } => (page, how),
        Outcome::Lost { stored: Some(page), .. } if sources.reach == Reach::Offline => {
            (page, How::Stored)
        }
        Outcome::Lost { reason, .. } => return Err(reason),
    };
    let text = markdown(&page).await?;
    if let Some(section) = address.section.as_deref().filter(|it| section_at(&text, it).is_none()) {
        return Err(format!("the page `{}` has no section `#{section}`", address.page));
    }
    let text = settled(&within(text, address)).0;
    Ok(Got { page, how, text })
}
