//! `wizard lsp`, driven over its wire by a client that others wrote.

mod broken;
mod completion;
mod editor;
mod findings;
mod life;
mod names;
mod repairs;

use editor::{Editor, Options};

/// A playbook with something of everything, its schema and its include.
const BASKET: &str = include_str!("basket.md");
const SCHEMA: &str = include_str!("survey.json");
const STYLE: &str = "# Style\n\nWrite in `${{ inputs.title }}`. `grep` before you `edit`.\n";

/// Opens the playbook in a library of its own.
async fn basket() -> Editor {
    basket_with(Options::default()).await
}

async fn basket_with(options: Options) -> Editor {
    let files = [
        ("playbooks/basket.md", BASKET),
        ("playbooks/schemas/survey.json", SCHEMA),
        ("playbooks/shared/style.md", STYLE),
        ("airplanes/corner-shop/airplane.md", include_str!("airplane.md")),
        ("airplanes/corner-shop/basket.ts", "export const openBasket = () => [];\n"),
    ];
    let mut editor = Editor::start(&files, options).await;
    editor.open("playbooks/basket.md").await;
    assert_eq!(editor.findings("playbooks/basket.md").await, []);
    editor
}
