//! Who calls, and what a caller may do: one bearer secret per caller, one table of access per service, default deny.
//!
//! A service's keys file holds lines `<caller> <role> <SHA-256 of the secret, hex>`; `#` begins a comment. A caller may
//! have two lines at once, so that its key can be changed without a gap. The secret itself is never stored.

use crate::problem::Problem;
use axum::extract::{FromRequestParts, MatchedPath, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use sha2::{Digest, Sha256};
use std::path::Path;
use std::sync::Arc;
use subtle::ConstantTimeEq;

/// What a caller is to a service; a service names its own roles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Role(&'static str);

impl Role {
    /// Names a role as it is written in keys files.
    #[must_use]
    pub const fn named(name: &'static str) -> Self {
        Self(name)
    }

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.0
    }
}

/// One row of a service's table of access.
#[derive(Debug)]
pub struct Access {
    /// The method; `GET` covers `HEAD`.
    pub method: Method,
    /// The route's template, as in `/things/{id}`.
    pub route: &'static str,
    /// Who may.
    pub roles: &'static [Role],
}

impl Access {
    /// Lets these roles do this.
    #[must_use]
    pub const fn allow(method: Method, route: &'static str, roles: &'static [Role]) -> Self {
        Self { method, route, roles }
    }
}

/// Who calls. Present in every request that passed the [`Guard`]; take it as a handler's argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The caller's name in the keys file.
    pub name: Arc<str>,
    /// What it is to this service.
    pub role: Role,
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts.extensions.get::<Self>().cloned().ok_or_else(unauthenticated)
    }
}

/// Who asked, as far as an audit trail keeps it.
#[derive(Debug, Clone)]
pub struct Actor {
    /// Who calls.
    pub caller: Caller,
    /// The request that was being answered, as in the logs.
    pub request_id: Option<String>,
}

impl Actor {
    /// Who makes the request that is being answered.
    #[must_use]
    pub fn of(caller: Caller) -> Self {
        Self { caller, request_id: crate::problem::request_id() }
    }

    /// The caller's name in the keys file.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.caller.name
    }
}

/// The keys that a service accepts.
#[derive(Clone)]
pub struct Keys(Arc<[Key]>);

struct Key {
    caller: Caller,
    sha256: [u8; 32],
}

/// Why a keys file was refused. Names the line, never the hash.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The file cannot be read.
    #[error("cannot read the keys file {path}: {cause}")]
    Unreadable {
        /// Which file.
        path: String,
        /// Why not.
        cause: std::io::Error,
    },
    /// A line is not `<caller> <role> <sha256-hex>`.
    #[error("keys file, line {line}: {why}")]
    BadLine {
        /// Counted from one.
        line: usize,
        /// What is wrong.
        why: &'static str,
    },
    /// Nobody could call.
    #[error("the keys file holds no key")]
    Empty,
}

impl Keys {
    /// Reads a keys file. Only roles that `table` names are known.
    ///
    /// # Errors
    /// [`KeysError`].
    pub fn load(path: &Path, table: &[Access]) -> Result<Self, KeysError> {
        let text = std::fs::read_to_string(path)
            .map_err(|cause| KeysError::Unreadable { path: path.display().to_string(), cause })?;
        Self::parse(&text, table)
    }

    /// Reads the text of a keys file.
    ///
    /// # Errors
    /// [`KeysError`].
    pub fn parse(text: &str, table: &[Access]) -> Result<Self, KeysError> {
        let mut keys = Vec::new();
        for (line, text) in (1_usize..).zip(text.lines()) {
            let text = text.split('#').next().unwrap_or("").trim();
            if !text.is_empty() {
                keys.push(read_line(text, table).map_err(|why| KeysError::BadLine { line, why })?);
            }
        }
        if keys.is_empty() { Err(KeysError::Empty) } else { Ok(Self(keys.into())) }
    }

    /// Whose secret this is. Looks at every key, so that the time taken says nothing about any of them.
    fn caller_of(&self, secret: &str) -> Option<Caller> {
        let presented: [u8; 32] = Sha256::digest(secret.as_bytes()).into();
        self.0.iter().fold(None, |found, key| {
            let is_this = bool::from(key.sha256.ct_eq(&presented));
            if is_this { Some(key.caller.clone()) } else { found }
        })
    }
}

fn read_line(text: &str, table: &[Access]) -> Result<Key, &'static str> {
    let mut words = text.split_whitespace();
    let (Some(name), Some(role), Some(hash), None) =
        (words.next(), words.next(), words.next(), words.next())
    else {
        return Err("expected <caller> <role> <sha256-hex>");
    };
    let known = table.iter().flat_map(|access| access.roles).find(|known| known.name() == role);
    let role = *known.ok_or("this service knows no such role")?;
    let sha256 = read_sha256(hash).ok_or("the hash is not 64 hex digits")?;
    Ok(Key { caller: Caller { name: name.into(), role }, sha256 })
}

fn read_sha256(hex: &str) -> Option<[u8; 32]> {
    if hex.len() != 64 || !hex.is_ascii() {
        return None;
    }
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(hex.as_bytes().chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(bytes)
}

/// The SHA-256 of a secret's text as a keys file holds it.
#[must_use]
pub fn sha256_hex(secret: &str) -> String {
    Sha256::digest(secret.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Lets through who may, by the keys and the table. A route that the table does not name is refused.
#[derive(Clone)]
pub struct Guard {
    keys: Keys,
    table: &'static [Access],
}

impl Guard {
    /// Guards by these keys and this table.
    #[must_use]
    pub fn new(keys: Keys, table: &'static [Access]) -> Self {
        Self { keys, table }
    }

    pub(crate) async fn check(self, mut request: Request, next: Next) -> Result<Response, Problem> {
        let caller = bearer_of(request.headers())
            .and_then(|secret| self.keys.caller_of(secret))
            .ok_or_else(unauthenticated)?;
        let route = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
        if !self.may(&caller, request.method(), route) {
            return Err(Problem::new(
                StatusCode::FORBIDDEN,
                "forbidden",
                "this caller may not do this; use the key of a caller who may",
            ));
        }
        request.extensions_mut().insert(caller);
        Ok(next.run(request).await)
    }

    fn may(&self, caller: &Caller, method: &Method, route: &str) -> bool {
        let method = if method == Method::HEAD { &Method::GET } else { method };
        self.table.iter().any(|access| {
            access.method == *method && access.route == route && access.roles.contains(&caller.role)
        })
    }
}

fn bearer_of(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, secret) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| secret.trim())
}

fn unauthenticated() -> Problem {
    Problem::new(
        StatusCode::UNAUTHORIZED,
        "unauthenticated",
        "send the caller's key as authorization: Bearer <key>",
    )
}
