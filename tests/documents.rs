//! Every command that the documents publish works.
//!
//! A block marked `sh` is run, page by page, in a folder in which `cargo dev` is up. A block marked
//! `sh covered-by="file"` is for where that cannot be (it builds everything, needs containers, stays up): each of its lines
//! must stand in the named test or script, which does run it.
#![expect(clippy::expect_used, reason = "a test fails by panicking, also in what it calls")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tests::World;

/// How long the commands of one page may take together on a busy machine.
const PAGE_LIMIT: Duration = Duration::from_secs(180);

/// A fenced block of commands.
#[derive(Debug, PartialEq, Eq)]
struct Block {
    page: PathBuf,
    line: usize,
    covered_by: Option<String>,
    text: String,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").to_owned()
}

/// Every page of ours: at the top, and below `docs`, `examples`, `deploy` and `models`.
fn pages() -> Vec<PathBuf> {
    let mut folders: Vec<_> =
        ["docs", "examples", "deploy", "models"].iter().map(|name| root().join(name)).collect();
    let mut pages: Vec<_> = listed(&root()).into_iter().filter(|path| path.is_file()).collect();
    while let Some(folder) = folders.pop() {
        for path in listed(&folder) {
            if path.is_dir() { folders.push(path) } else { pages.push(path) }
        }
    }
    pages.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    pages.sort();
    pages
}

fn listed(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    entries.map(|entry| entry.expect("an entry").path()).collect()
}

fn blocks_of(page: &Path, text: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut open = false;
    let mut is_sh = false;
    for (number, line) in (1..).zip(text.lines()) {
        match line.trim_start().strip_prefix("```") {
            Some(_) if open => open = false,
            Some(info) => {
                open = true;
                is_sh = info == "sh" || info.starts_with("sh ");
                if is_sh {
                    let covered_by =
                        info.split("covered-by=\"").nth(1).and_then(|rest| rest.split('"').next());
                    blocks.push(Block {
                        page: page.to_owned(),
                        line: number,
                        covered_by: covered_by.map(str::to_owned),
                        text: String::new(),
                    });
                }
            }
            None if open && is_sh => {
                let block = blocks.last_mut().expect("an open block");
                writeln!(block.text, "{line}").expect("written");
            }
            None => {}
        }
    }
    blocks
}

fn blocks() -> Vec<Block> {
    let text = |page: &PathBuf| std::fs::read_to_string(page).expect("a page");
    pages().iter().flat_map(|page| blocks_of(page, &text(page))).collect()
}

/// The command lines of a block: without comments, blank lines and what follows a comment sign.
fn commands(block: &Block) -> Vec<String> {
    let lines =
        block.text.lines().map(|line| line.split(" #").next().unwrap_or(line).trim().to_owned());
    lines.filter(|line| !line.is_empty() && !line.starts_with('#')).collect()
}

#[test]
fn a_command_that_is_not_run_here_is_run_where_its_block_says() {
    let covered: Vec<_> = blocks().into_iter().filter(|block| block.covered_by.is_some()).collect();
    assert!(!covered.is_empty(), "the README says how to begin");

    for block in covered {
        let by = block.covered_by.as_ref().expect("a file");
        let at = format!("{}:{}", block.page.display(), block.line);
        let text = std::fs::read_to_string(root().join(by))
            .unwrap_or_else(|e| panic!("{at} names {by}: {e}"));
        for command in commands(&block) {
            assert!(text.contains(&command), "{at}: {by} does not run `{command}`");
        }
    }
}

#[tokio::test]
async fn every_published_command_works_beside_a_running_system() {
    let mut pages: Vec<(PathBuf, String)> = Vec::new();
    for block in blocks().into_iter().filter(|block| block.covered_by.is_none()) {
        let page = shares_a_system(&block.page).unwrap_or(block.page);
        match pages.last_mut().filter(|(last, _)| *last == page) {
            Some((_, script)) => script.push_str(&block.text),
            None => pages.push((page, block.text)),
        }
    }
    assert!(pages.len() > 3, "the how-to pages have commands: {pages:?}");

    for (page, script) in pages {
        run_page(&page, &script).await;
    }
}

/// Runbooks begin with a look, which changes nothing: one system is enough for all of them.
fn shares_a_system(page: &Path) -> Option<PathBuf> {
    page.parent().filter(|folder| folder.ends_with("docs/runbooks")).map(Path::to_owned)
}

async fn run_page(page: &Path, script: &str) {
    let world = World::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    prepare(folder.path(), &world);
    let script = with_addresses_of(&world, script);

    let child = tokio::process::Command::new("bash")
        .args(["-euo", "pipefail", "-x", "-c", &script])
        .current_dir(folder.path())
        .env(
            "PATH",
            format!(
                "{}:{}",
                folder.path().join("bin").display(),
                std::env::var("PATH").expect("a PATH")
            ),
        )
        .env("TEMPORAL_ADDRESS", &world.temporal.address)
        .env("TEMPORAL_CONFIG_FILE", "/dev/null")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("bash runs");
    let output = tokio::time::timeout(PAGE_LIMIT, child.wait_with_output())
        .await
        .unwrap_or_else(|_| {
            panic!("the commands of {} took more than {PAGE_LIMIT:?}", page.display())
        })
        .expect("an output");

    let said = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(output.status.success(), "a command of {} fails:\n{said}", page.display());
}

/// A folder that looks like a clone beside which `cargo dev` is up.
fn prepare(folder: &Path, world: &World) {
    let link = |target: &Path, name: &str| {
        std::os::unix::fs::symlink(target, folder.join(name)).expect("a link")
    };
    std::fs::create_dir(folder.join("bin")).expect("a folder");
    link(world.system.data_dir(), ".lacadon");
    for shared in ["examples", "tests", "deploy"] {
        link(&root().join(shared), shared);
    }
    link(&world.temporal.path, "bin/temporal");
    let binaries = launch::build::binaries().expect("the binaries");
    let cargo = format!(
        "#!/bin/sh\nif [ \"$1\" = lacadon ]; then shift; exec {} \"$@\"; fi\necho \"only cargo lacadon runs here, not: cargo $*\" >&2\nexit 64\n",
        binaries.lacadon.display()
    );
    let path = folder.join("bin/cargo");
    std::fs::write(&path, cargo).expect("written");
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755))
        .expect("executable");
}

/// The documents name the ports of `cargo dev`; a test has its own.
fn with_addresses_of(world: &World, script: &str) -> String {
    let host = |url: &str| url.trim_start_matches("http://").to_owned();
    script
        .replace("127.0.0.1:8080", &host(world.system.gateway_url()))
        .replace("127.0.0.1:8081", &host(world.system.order_api_url()))
        .replace("127.0.0.1:8082", &host(world.system.voucher_api_url()))
        .replace("127.0.0.1:8083", &host(world.system.risk_api_url()))
        .replace("127.0.0.1:8084", &host(world.system.desk_api_url()))
        .replace("127.0.0.1:8090", &host(world.process("worker").address()))
        .replace("127.0.0.1:8233", &host(world.system.temporal_ui().expect("a Web UI")))
        .replace("127.0.0.1:7233", &world.temporal.address)
}

#[test]
fn every_refusal_and_every_setting_of_the_services_is_documented() {
    let page = |name: &str| {
        std::fs::read_to_string(root().join("docs/reference").join(name)).expect("a page")
    };
    let (problems, settings) = (page("problems.md"), page("settings.md"));

    for file in sources(&[
        "chassis",
        "chassis-store",
        "desk-api",
        "gateway",
        "order-api",
        "risk-api",
        "voucher-api",
        "worker",
        "lacadon",
    ]) {
        let text = std::fs::read_to_string(&file).expect("a source");
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        let is_name = |text: &str| text.bytes().all(|b| b.is_ascii_uppercase() || b == b'_');
        let refused = after_each(code, "StatusCode::").filter_map(|rest| rest.split_once(','));
        let refused = refused.filter(|(status, _)| is_name(status));
        for problem in refused.filter_map(|(_, next)| literal(next)) {
            assert!(
                problems.contains(&format!("| `{problem}` |")),
                "{} refuses with {problem}",
                file.display()
            );
        }
        for setting in after_each(code, "env = ").filter_map(literal) {
            assert!(
                settings.contains(&format!("| `{setting}` |")),
                "{} reads {setting}",
                file.display()
            );
        }
    }
}

fn sources(crates: &[&str]) -> Vec<PathBuf> {
    let mut folders: Vec<_> = crates.iter().map(|name| root().join(name).join("src")).collect();
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for path in listed(&folder) {
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    assert!(files.len() > 40, "the sources are found: {files:?}");
    files
}

fn after_each<'a>(text: &'a str, mark: &'a str) -> impl Iterator<Item = &'a str> {
    text.match_indices(mark).filter_map(move |(at, _)| text.get(at + mark.len()..))
}

/// The string literal that comes next, if one does.
fn literal(text: &str) -> Option<&str> {
    let name = text.trim_start().strip_prefix('"')?.split('"').next()?;
    let is_name = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    (is_name && !name.starts_with("X_") && !name.is_empty()).then_some(name)
}

#[test]
fn a_block_is_read_with_its_lines_and_what_covers_it() {
    let page = Path::new("page.md");
    let text = "a\n```sh\none # why\n\n# two\n```\n```text\nno\n```\n```sh covered-by=\".ci/run\"\nthree\n```\n";

    let blocks = blocks_of(page, text);

    assert_eq!(blocks.len(), 2);
    assert_eq!((blocks[0].line, commands(&blocks[0])), (2, vec!["one".to_owned()]));
    assert_eq!(
        (blocks[1].covered_by.as_deref(), commands(&blocks[1])),
        (Some(".ci/run"), vec!["three".to_owned()])
    );
}
