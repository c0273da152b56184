//! From a page of HTML to markdown.

use std::rc::Rc;
use std::time::Duration;

use htmd::element_handler::{HandlerResult, Handlers};
use htmd::options::{BrStyle, BulletListMarker, HrStyle, Options};
use htmd::{Element, HtmlToMarkdown, Node};

/// What of a page is not its text.
const SKIPPED: [&str; 12] = [
    "script", "style", "nav", "footer", "title", "svg", "noscript", "iframe", "template", "form",
    "button", "dialog",
];

/// The deepest nesting of a page. Converting goes down by recursion, and a page is not trusted to
/// leave it the room.
const MAX_DEPTH: usize = 256;

/// How long converting may take. Parsing needs time by the square of the nesting, and the depth is
/// known only afterwards.
const LIMIT: Duration = Duration::from_secs(20);

/// Room for the deepest page that is converted.
const STACK: usize = 16 * 1024 * 1024;

/// Classes that say a language, by how they begin.
const LANGUAGE_CLASSES: [&str; 4] = ["language-", "lang-", "highlight-source-", "brush:"];

/// Converts a page to markdown, on a thread of its own: a page that is made to take long is given
/// up, and a fault of the parser is one of the page.
pub(super) async fn markdown(html: &str) -> Result<String, String> {
    within(LIMIT, html.to_owned()).await
}

async fn within(limit: Duration, html: String) -> Result<String, String> {
    let (sender, receiver) = tokio::sync::oneshot::channel();
    let convert = move || {
        // Nobody listens to a page that has been given up.
        let _ = sender.send(converted(&html));
    };
    let thread = std::thread::Builder::new().name("html".to_owned()).stack_size(STACK);
    thread.spawn(convert).map_err(|error| error.to_string())?;
    match tokio::time::timeout(limit, receiver).await {
        Ok(Ok(converted)) => converted,
        Ok(Err(_)) => Err("the page cannot be converted from HTML".to_owned()),
        Err(_) => Err(format!("the page takes longer than {limit:?} to convert from HTML")),
    }
}

fn converted(html: &str) -> Result<String, String> {
    let converter = HtmlToMarkdown::builder()
        .skip_tags(SKIPPED.to_vec())
        .add_handler(vec!["header"], |handlers: &dyn Handlers, element: Element| {
            Some(headings(handlers, &element))
        })
        .add_handler(vec!["pre"], |handlers: &dyn Handlers, element: Element| {
            code(handlers, &element)
        })
        .options(Options {
            br_style: BrStyle::Backslash,
            bullet_list_marker: BulletListMarker::Dash,
            hr_style: HrStyle::Dashes,
            ul_bullet_spacing: 1,
            ol_number_spacing: 1,
            ..Options::default()
        })
        .build();
    let tree = converter.html_to_tree(html).map_err(|error| error.to_string())?;
    if is_too_deep(&tree) {
        return Err(format!("the page is nested deeper than {MAX_DEPTH} elements"));
    }
    Ok(converter.tree_to_markdown(&tree))
}

fn is_too_deep(tree: &Rc<Node>) -> bool {
    let mut level = vec![Rc::clone(tree)];
    for _ in 0..MAX_DEPTH {
        let below = level.iter().flat_map(|node| node.children.borrow().clone()).collect();
        level = below;
        if level.is_empty() {
            return false;
        }
    }
    true
}

/// Keeps the headings of a header: an article has its title there, and a site its menu.
fn headings(handlers: &dyn Handlers, element: &Element) -> HandlerResult {
    let content = handlers.walk_children(element.node).content;
    let headings: Vec<&str> = content.lines().filter(|line| line.starts_with('#')).collect();
    format!("\n\n{}\n\n", headings.join("\n\n")).into()
}

/// Fences code, also where the page has no `code` in its `pre`, or says the language in a way of
/// its own.
fn code(handlers: &dyn Handlers, element: &Element) -> Option<HandlerResult> {
    let language = language(element).unwrap_or_default();
    let content = handlers.walk_children(element.node).content;
    let content = content.trim_matches('\n');
    if content.is_empty() {
        return None;
    }
    let ticks = content.len() - content.trim_start_matches('`').len();
    let fenced = if ticks < 3 {
        let runs = content.split(|letter| letter != '`').map(str::len);
        let fence = "`".repeat((runs.max().unwrap_or_default() + 1).max(3));
        format!("{fence}{language}\n{content}\n{fence}")
    } else if content[ticks..].starts_with('\n') {
        format!("{}{language}{}", &content[..ticks], &content[ticks..])
    } else {
        content.to_owned()
    };
    Some(format!("\n\n{fenced}\n\n").into())
}

fn language(element: &Element) -> Option<String> {
    let attribute = |name: &str| {
        let mut attributes = element.attrs.iter();
        attributes.find(|attribute| &*attribute.name.local == name).map(|found| &*found.value)
    };
    let plain = |word: &str| {
        let letters = |letter: char| letter.is_ascii_alphanumeric() || "+#-_".contains(letter);
        (!word.is_empty() && word.chars().all(letters)).then(|| word.to_owned())
    };
    ["data-language", "data-lang"].into_iter().find_map(attribute).and_then(plain).or_else(|| {
        let mut words = attribute("class")?.split_whitespace();
        words.find_map(|word| {
            LANGUAGE_CLASSES.iter().find_map(|begin| plain(word.strip_prefix(begin)?))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_not_text_is_left_out_and_code_keeps_its_language() {
        let html = "<html><head><title>T</title><style>x{}</style></head><body>\
            <header><a href='/'>Menu</a></header><nav>Links</nav>\
            <article><header><h1>Set up</h1><span>3 min</span></header>\
            <p>Install <code>kit</code>:</p>\
            <pre><code class=\"language-bash\">kit add\n</code></pre>\
            <pre data-language=\"ts\"><code><span>const</span> a = 1\n  b()\n</code></pre>\
            <pre class=\"highlight-source-js\">let c\n</pre>\
            <ul><li>one</li><li>two</li></ul></article>\
            <script>alert(1)</script><footer>Foot</footer></body></html>";
        let wanted = "# Set up\n\nInstall `kit`:\n\n```bash\nkit add\n```\n\n\
            ```ts\nconst a = 1\n  b()\n```\n\n```js\nlet c\n```\n\n- one\n- two";
        assert_eq!(markdown(html).await.unwrap(), wanted);
    }

    #[tokio::test]
    async fn a_page_that_is_nested_without_end_is_refused() {
        let nested = |depth: usize| format!("{}x", "<div>".repeat(depth));
        assert_eq!(markdown(&nested(250)).await.unwrap(), "x");
        assert!(markdown(&nested(400)).await.unwrap_err().contains("nested deeper"));
        let given_up = within(Duration::from_millis(50), nested(20_000)).await.unwrap_err();
        assert!(given_up.contains("takes longer than 50ms"), "{given_up}");
    }
}
