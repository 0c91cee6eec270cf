//! The record of one request, for programs.

use ledger::Record;
use serde_json::{Value, json};

/// All but the decision, which is long. What is not known is null.
pub(crate) fn as_json(record: &Record) -> Value {
    let usage = &record.usage;
    json!({
        "request_id": record.request_id,
        "time": record.time,
        "model_asked": &*record.model_asked,
        "model_served": record.model_served.as_deref(),
        "dialect": record.dialect.as_str(),
        "operation": record.operation.as_str(),
        "stream": record.stream,
        "status": record.status,
        "outcome": record.outcome.as_str(),
        "error_code": record.error_code.as_deref(),
        "account": record.account.as_deref(),
        "provider": record.provider.as_deref(),
        "client": record.client.as_deref(),
        "initiator": record.initiator.as_str(),
        "tokens": {
            "input": usage.input,
            "cache_read": usage.cache_read,
            "cache_write": usage.cache_write,
            "output": usage.output,
            "reasoning": usage.reasoning,
        },
        "nano_credits": usage.nano_credits,
        "attempts": record.attempts,
        "first_byte_ms": record.first_byte.map(|first| first.as_millis() as u64),
        "total_ms": record.total.as_millis() as u64,
    })
}
