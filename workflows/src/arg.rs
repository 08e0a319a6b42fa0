//! An argument whose decoding error is data.
//!
//! The SDK fails the workflow *task* when an argument cannot be decoded, and retries that task for ever: a run
//! started by hand with bad JSON would hang until somebody terminates it. With [`Arg`] the process itself sees what
//! was wrong and ends, or goes on without it.

use serde::Serialize;
use serde::de::DeserializeOwned;
use temporalio_common::data_converters::{
    GenericPayloadConverter, PayloadConversionError, SerializationContext, TemporalDeserializable,
    TemporalSerializable,
};
use temporalio_common::protos::temporal::api::common::v1::Payload;

/// What was sent, or in words why it is not a `T`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arg<T>(pub Result<T, String>);

impl<T> From<T> for Arg<T> {
    fn from(value: T) -> Self {
        Self(Ok(value))
    }
}

impl<T: Serialize + 'static> TemporalSerializable for Arg<T> {
    fn to_payload(
        &self,
        context: &SerializationContext<'_>,
    ) -> Result<Payload, PayloadConversionError> {
        match &self.0 {
            Ok(value) => context.converter.to_payload(context, value),
            Err(why) => Err(PayloadConversionError::EncodingError(why.clone().into())),
        }
    }
}

impl<T: DeserializeOwned + 'static> TemporalDeserializable for Arg<T> {
    fn from_payload(
        context: &SerializationContext<'_>,
        payload: Payload,
    ) -> Result<Self, PayloadConversionError> {
        let decoded = context.converter.from_payload::<T>(context, payload);
        Ok(Self(decoded.map_err(|error| match error {
            // The decoder's own words, without "encoding error" before them.
            PayloadConversionError::EncodingError(cause) => cause.to_string(),
            other => other.to_string(),
        })))
    }

    fn from_payloads(
        context: &SerializationContext<'_>,
        payloads: Vec<Payload>,
    ) -> Result<Self, PayloadConversionError> {
        let count = payloads.len();
        match <[Payload; 1]>::try_from(payloads) {
            Ok([payload]) => Self::from_payload(context, payload),
            Err(_) => Ok(Self(Err(format!("expected one argument, got {count}")))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use temporalio_common::data_converters::{PayloadConverter, SerializationContextData};

    fn decoded(payloads: Vec<Payload>) -> Arg<u32> {
        let converter = PayloadConverter::default();
        let context = SerializationContext::new(&SerializationContextData::None, &converter);
        Arg::from_payloads(&context, payloads).expect("whatever was sent is an argument")
    }

    fn json(text: &str) -> Payload {
        let metadata = [("encoding".to_owned(), b"json/plain".to_vec())].into();
        Payload { metadata, data: text.as_bytes().to_vec(), ..Payload::default() }
    }

    #[test]
    fn what_can_be_decoded_is_the_value() {
        assert_eq!(decoded(vec![json("7")]), Arg(Ok(7)));
    }

    #[test]
    fn what_cannot_be_decoded_says_why_in_words() {
        assert_eq!(decoded(vec![]), Arg(Err("expected one argument, got 0".to_owned())));
        assert_eq!(
            decoded(vec![json("1"), json("2")]),
            Arg(Err("expected one argument, got 2".to_owned()))
        );
        assert_eq!(
            decoded(vec![json(r#""seven""#)]),
            Arg(Err(r#"invalid type: string "seven", expected u32"#.to_owned()))
        );
    }

    proptest! {
        #[test]
        fn nothing_that_anybody_sends_fails_the_decoding(
            encoding in "json/plain|binary/null|binary/plain|.{0,20}",
            data in proptest::collection::vec(any::<u8>(), 0..60),
        ) {
            let metadata = [("encoding".to_owned(), encoding.into_bytes())].into();
            let _ = decoded(vec![Payload { metadata, data, ..Payload::default() }]);
        }
    }
}
