//! The keys of a system, made at its first start and kept: one secret per caller, its SHA-256 with each service, the key
//! from which ids are derived, and the one that customers' tokens are signed with.
//!
//! A file that is there is never touched: whoever rotates a key edits these files, and a revoked line stays revoked.

use super::DESK_API;
use anyhow::{Context, bail};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, DirBuilder, File};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Every secret is so many random bytes, written as hex.
const SECRET_BYTES: usize = 32;

/// Who may call the services.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Marks orders sent, imports, grants credit, looks after the outbox.
    BackOffice,
    /// The customers' front door: reads orders and credit for them, redeems vouchers.
    Shop,
    /// Claims events, issues vouchers, reserves credit.
    Worker,
    /// Reads everything, changes nothing.
    Auditor,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 4] = [Self::BackOffice, Self::Shop, Self::Worker, Self::Auditor];

    /// Its name in key files and in `run.json`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::BackOffice => "back-office",
            Self::Shop => "shop",
            Self::Worker => "worker",
            Self::Auditor => "auditor",
        }
    }
}

/// The folder with the keys of one system.
#[derive(Debug, Clone)]
pub(crate) struct Keys {
    folder: PathBuf,
}

impl Keys {
    /// The keys in `<data dir>/keys`, whether they are there or not.
    pub(crate) fn of(data_dir: &Path) -> Self {
        Self { folder: data_dir.join("keys") }
    }

    /// Makes what is not there yet: a key per role, a keys file per service, the derivation key and the tokens' key.
    pub(crate) fn make(data_dir: &Path, services: &[&str]) -> anyhow::Result<Self> {
        let keys = Self::of(data_dir);
        let folder = &keys.folder;
        DirBuilder::new().recursive(true).mode(0o700).create(folder).with_context(|| {
            format!("the folder for the keys, {}, cannot be made", folder.display())
        })?;
        for role in Role::ALL {
            make_secret(&keys.of_role(role))?;
        }
        make_secret(&keys.derivation())?;
        make_secret(&keys.customer_token())?;
        for service in services {
            keys.make_service_file(service)?;
        }
        Ok(keys)
    }

    pub(crate) fn of_role(&self, role: Role) -> PathBuf {
        self.folder.join(format!("{}.key", role.name()))
    }

    pub(crate) fn of_service(&self, service: &str) -> PathBuf {
        self.folder.join(format!("{service}.keys"))
    }

    pub(crate) fn derivation(&self) -> PathBuf {
        self.folder.join("derivation.key")
    }

    pub(crate) fn customer_token(&self) -> PathBuf {
        self.folder.join("customer-token.key")
    }

    pub(super) fn by_role(&self) -> BTreeMap<String, PathBuf> {
        Role::ALL.iter().map(|role| (role.name().to_owned(), self.of_role(*role))).collect()
    }

    fn make_service_file(&self, service: &str) -> anyhow::Result<()> {
        let mut text = String::from(
            "# <caller> <role> <sha-256 of the caller's secret>; a caller may have two lines while its key is rotated\n",
        );
        for role in Role::ALL.into_iter().filter(|role| has_business_at(*role, service)) {
            let secret = read_secret(&self.of_role(role))?;
            writeln!(text, "{0} {0} {1}", role.name(), hex(&Sha256::digest(secret.as_bytes())))?;
        }
        write_new(&self.of_service(service), &text)
    }
}

/// The customers' front door is let in everywhere but at the stuck desk, which knows no such role.
fn has_business_at(role: Role, service: &str) -> bool {
    role != Role::Shop || service != DESK_API
}

/// Reads a secret, the one line of its file, and refuses a file that others may read.
pub(crate) fn read_secret(path: &Path) -> anyhow::Result<String> {
    let text = fs::read_to_string(path)
        .with_context(|| format!("the key file {} cannot be read", path.display()))?;
    let mode = fs::metadata(path)?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        bail!("others may read the key file {} (mode {mode:o}): `chmod 600` it", path.display());
    }
    let secret = text.trim();
    let is_hex = secret.bytes().all(|byte| byte.is_ascii_hexdigit());
    if secret.len() != 2 * SECRET_BYTES || !is_hex {
        bail!("the key file {} does not hold 64 hexadecimal digits", path.display());
    }
    Ok(secret.to_owned())
}

/// Lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn make_secret(path: &Path) -> anyhow::Result<()> {
    let mut bytes = [0_u8; SECRET_BYTES];
    getrandom::fill(&mut bytes).map_err(|e| anyhow::anyhow!("no random bytes: {e}"))?;
    write_new(path, &format!("{}\n", hex(&bytes)))
}

/// Writes a file that only its owner may read, unless it is there; whole or not at all, also through a power cut.
fn write_new(path: &Path, text: &str) -> anyhow::Result<()> {
    if path.exists() {
        return Ok(());
    }
    let unfinished = path.with_extension(format!("new.{}", std::process::id()));
    let write = || -> std::io::Result<()> {
        let mut file: File =
            File::options().write(true).create_new(true).mode(0o600).open(&unfinished)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        match fs::hard_link(&unfinished, path) {
            Err(e) if e.kind() == ErrorKind::AlreadyExists => Ok(()),
            linked => linked,
        }
    };
    let written = write();
    // Only the name that nobody looks for is left over if this fails.
    let _ = fs::remove_file(&unfinished);
    written.with_context(|| format!("{} cannot be written", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVICES: [&str; 2] = ["order-api", "voucher-api"];

    #[test]
    fn a_key_is_64_digits_that_only_its_owner_may_read() {
        let data_dir = tempfile::tempdir().expect("a folder");

        let keys = Keys::make(data_dir.path(), &SERVICES).expect("keys");

        let mut files: Vec<PathBuf> = Role::ALL.iter().map(|role| keys.of_role(*role)).collect();
        files.extend([keys.derivation(), keys.customer_token()]);
        for file in &files {
            assert_eq!(read_secret(file).expect("a secret").len(), 64);
        }
        files.extend(SERVICES.iter().map(|service| keys.of_service(service)));
        for file in files {
            let mode = fs::metadata(&file).expect("a file").permissions().mode() & 0o777;
            assert_eq!(mode, 0o600, "{}", file.display());
        }
    }

    #[test]
    fn a_service_holds_the_hash_of_each_secret_and_no_secret() {
        let data_dir = tempfile::tempdir().expect("a folder");

        let keys = Keys::make(data_dir.path(), &SERVICES).expect("keys");

        let file = fs::read_to_string(keys.of_service("order-api")).expect("a file");
        for role in Role::ALL {
            let secret = read_secret(&keys.of_role(role)).expect("a secret");
            let hash = hex(&Sha256::digest(secret.as_bytes()));
            assert!(file.contains(&format!("{0} {0} {hash}\n", role.name())), "{file}");
            assert!(!file.contains(&secret));
        }
    }

    #[test]
    fn keys_are_kept_over_a_restart_and_a_revoked_line_stays_revoked() {
        let data_dir = tempfile::tempdir().expect("a folder");
        let keys = Keys::make(data_dir.path(), &SERVICES).expect("keys");
        let secret = read_secret(&keys.of_role(Role::Shop)).expect("a secret");
        fs::write(keys.of_service("order-api"), "# all revoked\n").expect("written");

        let again = Keys::make(data_dir.path(), &SERVICES).expect("keys");

        assert_eq!(read_secret(&again.of_role(Role::Shop)).expect("a secret"), secret);
        let file = fs::read_to_string(again.of_service("order-api")).expect("a file");
        assert_eq!(file, "# all revoked\n");
    }

    #[test]
    fn a_key_file_that_others_may_read_is_refused() {
        let data_dir = tempfile::tempdir().expect("a folder");
        let keys = Keys::make(data_dir.path(), &SERVICES).expect("keys");
        let file = keys.of_role(Role::Auditor);
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).expect("changed");

        let refused = read_secret(&file).expect_err("others may read it");

        assert!(refused.to_string().contains("chmod 600"), "{refused}");
    }
}
