//! What a problem looks like, and the problems that every guarded operation may answer, for OpenAPI documents.

use super::FieldError;
use serde::Serialize;
use utoipa::openapi::path::{Operation, ParameterIn, PathItem};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{Components, ContentBuilder, OpenApi, Ref, RefOr, Response, ResponseBuilder};
use utoipa::{PartialSchema, ToSchema};

/// A refusal (RFC 9457).
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemBody {
    /// `urn:lacadon:problem:` and the code.
    #[serde(rename = "type")]
    #[schema(example = "urn:lacadon:problem:invalid_body")]
    pub problem_type: String,
    /// The code in words.
    pub title: String,
    /// The HTTP status.
    #[schema(minimum = 400, maximum = 599)]
    pub status: u16,
    /// What to do about it, for people.
    pub detail: String,
    /// Names this request in our logs.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub request_id: Option<String>,
    /// The fields at fault.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub errors: Vec<FieldError>,
}

const CALLER_KEY: &str = "caller_key";

/// A refusal that the stack around every route answers: status, its name among the components, when.
type Shared = (&'static str, &'static str, &'static str);

const ALWAYS: [Shared; 4] = [
    ("401", "Unauthenticated", "No key, or one that is not known (`unauthenticated`)."),
    ("403", "Forbidden", "The caller may not do this (`forbidden`)."),
    ("500", "Internal", "Our fault (`internal`); quote the request id."),
    ("503", "Unavailable", "Not now (`database_unavailable`, `timed_out`); safe to repeat."),
];
const WITH_BODY: [Shared; 5] = [
    ("400", "MalformedBody", "The body is not JSON (`malformed_body`)."),
    ("408", "BodyTooSlow", "The body did not arrive in time (`body_too_slow`)."),
    ("413", "BodyTooLarge", "The body is larger than 64 KiB (`body_too_large`)."),
    ("415", "UnsupportedMediaType", "The body is not declared as JSON (`unsupported_media_type`)."),
    ("422", "InvalidBody", "The body does not fit (`invalid_body`); see `errors`."),
];
const WITH_QUERY: [Shared; 1] =
    [("422", "InvalidQuery", "A query parameter is unknown or does not fit (`invalid_query`).")];

/// Completes a generated document with what the stack around every route does: the bearer key and its refusals, what
/// may be wrong with a body or query, time-outs, and a database that is away. An operation's own descriptions stay.
pub fn document(openapi: &mut OpenApi) {
    for item in openapi.paths.paths.values_mut() {
        operations_of(item).for_each(add_shared);
    }
    let components = openapi.components.get_or_insert_with(Components::new);
    let bearer = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
    components.add_security_scheme(CALLER_KEY, bearer);
    components.schemas.insert("Problem".to_owned(), ProblemBody::schema());
    components.schemas.insert("FieldError".to_owned(), FieldError::schema());
    for (_, name, when) in ALWAYS.iter().chain(&WITH_BODY).chain(&WITH_QUERY) {
        components.responses.insert((*name).to_owned(), RefOr::T(refusal(when)));
    }
    openapi.security = Some(vec![SecurityRequirement::new(CALLER_KEY, [""; 0])]);
}

fn operations_of(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let methods = [&mut item.get, &mut item.put, &mut item.post, &mut item.delete, &mut item.patch];
    methods.into_iter().flatten()
}

fn add_shared(operation: &mut Operation) {
    let with_body = operation.request_body.is_some().then_some(WITH_BODY);
    let with_query = has_query(operation).then_some(WITH_QUERY);
    let shared = ALWAYS
        .into_iter()
        .chain(with_body.into_iter().flatten())
        .chain(with_query.into_iter().flatten());
    for (status, name, _) in shared {
        let response = || RefOr::Ref(Ref::from_response_name(name));
        operation.responses.responses.entry(status.to_owned()).or_insert_with(response);
    }
}

fn has_query(operation: &Operation) -> bool {
    let is_query = |parameter: &RefOr<utoipa::openapi::path::Parameter>| match parameter {
        RefOr::T(parameter) => parameter.parameter_in == ParameterIn::Query,
        RefOr::Ref(_) => false,
    };
    operation.parameters.iter().flatten().any(is_query)
}

fn refusal(when: &str) -> Response {
    let problem = Ref::from_schema_name("Problem");
    let content = ContentBuilder::new().schema(Some(problem)).build();
    ResponseBuilder::new().description(when).content("application/problem+json", content).build()
}
