//! Notes of runners as rows.

use rusqlite::params;

use super::{SqliteStore, trouble};
use crate::store::{Note, Notes, StoreError};
use crate::time::Timestamp;

impl Notes for SqliteStore {
    fn put_note(&self, note: &Note) -> Result<(), StoreError> {
        let sql = "INSERT OR REPLACE INTO note (place, text, until, at) VALUES (?1, ?2, ?3, ?4)";
        let until = note.until.map(Timestamp::micros);
        self.lock().execute(sql, params![note.place, note.text, until, note.at.micros()]).map_err(trouble)?;
        Ok(())
    }

    fn remove_note(&self, place: &str) -> Result<(), StoreError> {
        self.lock().execute("DELETE FROM note WHERE place = ?1", params![place]).map_err(trouble)?;
        Ok(())
    }

    fn notes(&self) -> Result<Vec<Note>, StoreError> {
        let connection = self.lock();
        let sql = "SELECT place, text, until, at FROM note ORDER BY place";
        let mut statement = connection.prepare_cached(sql).map_err(trouble)?;
        let notes = statement.query_map([], |r| {
            Ok(Note {
                place: r.get(0)?,
                text: r.get(1)?,
                until: r.get::<_, Option<i64>>(2)?.map(Timestamp::from_micros),
                at: Timestamp::from_micros(r.get(3)?),
            })
        });
        notes.map_err(trouble)?.map(|n| n.map_err(trouble)).collect()
    }
}
