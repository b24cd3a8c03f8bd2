//! The body of a v2 request: one JSON object. Absent members are missing, [`ParamValue::Clear`] is `null`, 64-bit integers
//! marked as text and decimals travel as strings, instants as RFC 3339.

use serde_json::{Map, Value as Json};

use crate::params::{ParamError, ParamValue, Params};
use crate::wire::number;

/// The JSON text of a parameter tree; `{}` when there is nothing to send.
///
/// # Errors
/// When a number has no decimal form.
pub(crate) fn encode(params: &Params) -> Result<Vec<u8>, ParamError> {
    object(params).map(|json| json.to_string().into_bytes())
}

fn object(params: &Params) -> Result<Json, ParamError> {
    let mut out = Map::new();
    for (name, value) in params.iter() {
        out.insert(name.to_owned(), member(name, value)?);
    }
    Ok(Json::Object(out))
}

fn member(name: &str, value: &ParamValue) -> Result<Json, ParamError> {
    Ok(match value {
        ParamValue::Str(text) => Json::String(text.clone()),
        ParamValue::Int(number) => Json::from(*number),
        ParamValue::UInt(number) => Json::from(*number),
        ParamValue::IntText(number) => Json::String(number.to_string()),
        ParamValue::Float(number) => serde_json::Number::from_f64(*number)
            .map(Json::Number)
            .ok_or_else(|| ParamError::NotFinite(name.to_owned()))?,
        ParamValue::Bool(flag) => Json::Bool(*flag),
        ParamValue::Decimal(text) => Json::String(
            number::plain_decimal(text).ok_or_else(|| ParamError::NotDecimal(name.to_owned()))?,
        ),
        ParamValue::Time(seconds) => Json::String(number::rfc3339(*seconds)),
        ParamValue::Map(map) => object(map)?,
        ParamValue::List(items) => Json::Array(
            items
                .iter()
                .map(|item| member(name, item))
                .collect::<Result<_, _>>()?,
        ),
        ParamValue::File(_) => return Err(ParamError::FileOutsideUpload(name.to_owned())),
        ParamValue::Clear => Json::Null,
    })
}
