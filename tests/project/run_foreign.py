#!/usr/bin/env python3
"""What others changed at a view's table: a commit of the view leaves it, but for what its header
says."""

import json

import pyarrow as pa

import kit
from kit import expect


def rows(**columns):
    types = {"k": pa.int64(), "g": pa.string(), "x": pa.float64()}
    return pa.table({n: pa.array(v, types.get(n)) for n, v in columns.items()})


def shop(folder, header=None, sql="SELECT k, g, x FROM src"):
    kit.append(folder / "src", rows(k=[1, 2], g=["a", "b"], x=[0.5, 1.5]))
    p = kit.Project(folder, sources={"src": "./src"})
    p.view("one", sql, header)
    return p


def put(uri, *actions):
    """A commit by another writer, composed by hand."""
    version = kit.commits(uri)[-1][0] + 1
    path = kit.log_folder(uri) / f"{version:020d}.json"
    said = {"commitInfo": {"timestamp": 1700000000000, "operation": "OTHER",
                           "engineInfo": "Other/1.0"}}
    path.write_text("".join(json.dumps(a) + "\n" for a in (said, *actions)))


def last(p, kind):
    """The newest action of a kind, and the version that it came with."""
    found = [(v, a[kind]) for v, actions in p.commits("one") for a in actions if kind in a]
    return found[-1][1], found[-1][0]


def foreign(meta):
    """metaData as somebody else's tools leave it."""
    meta = json.loads(json.dumps(meta))
    schema = json.loads(meta["schemaString"])
    for field in schema["fields"]:
        field["metadata"] = {"comment": f"what {field['name']} is", "team.rate": 0.1}
    schema["fields"][0]["note"] = [1, None]
    meta["schemaString"] = json.dumps(schema, separators=(", ", ": "))
    meta["configuration"].update({"team.tag": "t", "delta.logRetentionDuration": "interval 9 days"})
    meta["description"] = "theirs"
    meta["createdTime"] = 1234567890123
    meta["somethingNew"] = {"z": 0.1, "a": [True, None]}
    return meta


def test_a_commit_of_new_rows_leaves_what_others_wrote(folder):
    p = shop(folder)
    p.run()
    theirs = foreign(last(p, "metaData")[0])
    put(p.uri("one"), {"metaData": theirs})
    kit.append(p.folder / "src", rows(k=[3], g=["c"], x=[2.5]))
    expect(p.run().statuses(), {"one": "pass"})
    expect(p.rows("one"), [("a", 1, 0.5), ("b", 2, 1.5), ("c", 3, 2.5)])
    meta, version = last(p, "metaData")
    expect(meta, theirs)
    expect(version, 1, "and it was not even written again")


def test_the_headers_word_wins_and_the_rest_stays(folder):
    p = shop(folder, "description: ours\nproperties: {our.tag: o, team.tag: o}")
    p.run()
    theirs = foreign(last(p, "metaData")[0])
    theirs["configuration"]["our.tag"] = "taken"
    put(p.uri("one"), {"metaData": theirs})
    kit.append(p.folder / "src", rows(k=[3], g=["c"], x=[2.5]))
    p.view("one", "SELECT k, g, x, k + 1 AS y FROM src",
           "description: ours\nproperties: {our.tag: o, team.tag: o}")
    expect(p.run().statuses(), {"one": "pass"})
    meta, version = last(p, "metaData")
    expect(version, 2)
    expect(meta["description"], "ours")
    expect(meta["configuration"]["our.tag"], "o")
    expect(meta["configuration"]["team.tag"], "o")
    expect(meta["configuration"]["delta.logRetentionDuration"], "interval 9 days")
    for key in ("createdTime", "id", "format", "partitionColumns", "somethingNew"):
        expect(meta[key], theirs[key], key)
    was = json.loads(theirs["schemaString"])["fields"]
    now = json.loads(meta["schemaString"])["fields"]
    expect(now[:3], was)
    expect([f["name"] for f in now], ["k", "g", "x", "y"])


def test_what_the_header_takes_back_goes_and_theirs_stays(folder):
    p = shop(folder, "append_only: true\ndescription: ours\nproperties: {our.tag: o}")
    p.run()
    meta = last(p, "metaData")[0]
    meta["configuration"]["team.tag"] = "t"
    put(p.uri("one"), {"metaData": meta})
    p.view("one", "SELECT k, g, x FROM src")
    expect(p.run().statuses(), {"one": "pass"})
    meta, _ = last(p, "metaData")
    kept = {k: v for k, v in meta["configuration"].items() if not k.startswith("weir.")}
    expect(kept, {"team.tag": "t"})
    assert "description" not in meta, meta


def test_a_foreign_comment_is_no_change_of_the_schema(folder):
    p = shop(folder, "on_schema_change: fail")
    p.run()
    put(p.uri("one"), {"metaData": foreign(last(p, "metaData")[0])})
    kit.append(p.folder / "src", rows(k=[3], g=["c"], x=[2.5]))
    expect(p.run().statuses(), {"one": "pass"})
    p.view("one", "SELECT k, g FROM src", "on_schema_change: fail")
    run = p.run(code=1)
    expect(run.tasks["one"]["error"]["code"], "WEIR-SCHEMA-CHANGED")


def test_a_column_named_like_a_type(folder):
    """A protocol was chosen by a search in the schema's text, and set lower than it was."""
    p = shop(folder)
    p.run()
    higher = {"minReaderVersion": 3, "minWriterVersion": 7, "readerFeatures": [],
              "writerFeatures": ["appendOnly", "invariants", "changeDataFeed"]}
    put(p.uri("one"), {"protocol": higher})
    p.view("one", "SELECT k, g AS timestamp_ntz FROM src")
    expect(p.run().statuses(), {"one": "pass"})
    expect(last(p, "protocol"), (higher, 1))


def test_a_new_type_keeps_the_features_that_are_there(folder):
    p = shop(folder)
    p.run()
    put(p.uri("one"), {"protocol": {"minReaderVersion": 1, "minWriterVersion": 7,
                                    "writerFeatures": ["appendOnly", "changeDataFeed"]}})
    p.view("one", "SELECT k, arrow_cast(k, 'Timestamp(Microsecond, None)') AS t FROM src")
    expect(p.run().statuses(), {"one": "pass"})
    protocol, version = last(p, "protocol")
    expect(version, 2)
    expect((protocol["minReaderVersion"], protocol["minWriterVersion"]), (3, 7))
    expect(sorted(protocol["writerFeatures"]), ["appendOnly", "changeDataFeed", "timestampNtz"])
    expect(protocol["readerFeatures"], ["timestampNtz"])
    expect(p.run().statuses(), {"one": "reused"})


def test_an_old_protocol_is_raised_with_all_it_implied(folder):
    p = shop(folder)
    p.run()
    put(p.uri("one"), {"protocol": {"minReaderVersion": 1, "minWriterVersion": 4}})
    p.view("one", "SELECT k, arrow_cast(k, 'Timestamp(Microsecond, None)') AS t FROM src")
    expect(p.run().statuses(), {"one": "pass"})
    protocol, _ = last(p, "protocol")
    expect(sorted(protocol["writerFeatures"]),
           ["appendOnly", "changeDataFeed", "checkConstraints", "generatedColumns", "invariants",
            "timestampNtz"])
    # And weir can still write it.
    kit.append(p.folder / "src", rows(k=[3], g=["c"], x=[2.5]))
    expect(p.run().statuses(), {"one": "pass"})
    expect(len(p.rows("one")), 3)


def test_widened_records_keep_their_comments(folder):
    p = shop(folder)
    p.run()
    uri = p.uri("_weir/plans")
    meta = next(a["metaData"] for _, actions in kit.commits(uri) for a in actions
                if "metaData" in a)
    schema = json.loads(meta["schemaString"])
    schema["fields"] = [f for f in schema["fields"] if f["name"] not in ("rules", "tags")]
    schema["fields"][0]["metadata"] = {"comment": "theirs"}
    meta.update(schemaString=json.dumps(schema), name="theirs", description="theirs",
                createdTime=1234567890123)
    meta["configuration"]["team.tag"] = "t"
    put(uri, {"metaData": meta})
    p.view("one", "SELECT k, g FROM src")
    expect(p.run().warnings, [])
    new = [a["metaData"] for _, actions in kit.commits(uri) for a in actions if "metaData" in a][-1]
    fields = json.loads(new["schemaString"])["fields"]
    expect([f["name"] for f in fields[-2:]], ["rules", "tags"])
    expect(fields[:-2], schema["fields"])
    for key in ("name", "description", "createdTime", "configuration", "id"):
        expect(new[key], meta[key], key)


if __name__ == "__main__":
    kit.main(globals())
