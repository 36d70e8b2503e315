use super::*;

#[test]
fn columns_that_no_row_sets_cost_nothing_and_gaps_are_null() {
    let mut batch = EventBatch::new();
    for index in 0..20 {
        let mut row = batch.row();
        if index % 3 == 0 {
            row.set_text(Column::UserName, "alice");
            row.set_list(Column::ResourceUids, ["a", "bc"]);
        }
        row.set_bool(Column::IsMfa, index % 2 == 0);
        row.finish();
    }
    assert_eq!(batch.rows(), 20);
    assert_eq!(batch.column(Column::SrcIp).rows, 0);
    for index in 0..20 {
        let row = batch.get(index);
        assert_eq!(row.text(Column::UserName), (index % 3 == 0).then_some("alice"));
        assert_eq!(row.list(Column::ResourceUids), (index % 3 == 0).then(|| vec!["a", "bc"]));
        assert_eq!(row.flag(Column::IsMfa), Some(index % 2 == 0));
        assert_eq!(row.int(Column::SrcPort), None);
    }
}

#[test]
fn the_last_value_wins_and_an_unfinished_row_leaves_nothing() {
    let mut batch = EventBatch::new();
    let mut row = batch.row();
    row.set_text(Column::Operation, "GetObject");
    row.set_text(Column::Operation, "PutObject");
    row.set_int32(Column::SrcPort, 1);
    row.set_int32(Column::SrcPort, 2);
    row.set_list(Column::ResourceUids, ["x", "y"]);
    row.set_list(Column::ResourceUids, ["z"]);
    row.finish();
    {
        let mut row = batch.row();
        row.set_text(Column::Operation, "dropped");
        row.set_list(Column::ResourceUids, ["dropped"]);
        row.set_bool(Column::IsMfa, true);
    }
    let mut row = batch.row();
    row.set_bytes(Column::Raw, b"\xff\x00");
    row.finish();

    assert_eq!(batch.rows(), 2);
    assert_eq!(batch.get(0).text(Column::Operation), Some("PutObject"));
    assert_eq!(batch.get(0).int(Column::SrcPort), Some(2));
    assert_eq!(batch.get(0).list(Column::ResourceUids), Some(vec!["z"]));
    assert_eq!(batch.get(1).text(Column::Operation), None);
    assert_eq!(batch.get(1).flag(Column::IsMfa), None);
    assert_eq!(batch.get(1).list(Column::ResourceUids), None);
    assert_eq!(batch.get(1).bytes(Column::Raw), Some(&b"\xff\x00"[..]));
}

#[test]
fn every_column_stands_at_its_own_place_and_names_are_unique() {
    for (index, spec) in COLUMNS.iter().enumerate() {
        assert_eq!(spec.column as usize, index);
        assert_eq!(Column::by_name(spec.name), Some(spec.column));
    }
}
