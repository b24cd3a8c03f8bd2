//! Stored cursors: any text is read or refused, and what is read writes itself again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tollway::page::Cursor;

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    if let Ok(cursor) = text.parse::<Cursor>() {
        assert_eq!(cursor.to_string().parse::<Cursor>().as_ref(), Ok(&cursor));
    }
});
