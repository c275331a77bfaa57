using System.Text.Json.Nodes;
using Dapper;
using Engine.Audit;
using Npgsql;
using Support;

namespace Engine.Tests.Audit;

public sealed class RecordAuditTests(TestDatabase db) : IClassFixture<TestDatabase>
{
    [Fact]
    public async Task An_entry_lives_and_dies_with_the_transaction_of_what_it_records()
    {
        using var audit = await AuditRig.OnEmptyLogAsync(db);

        await using (var connection = await db.Source.OpenConnectionAsync())
        await using (var transaction = await connection.BeginTransactionAsync())
        {
            await audit.Record.RunAsync(connection, transaction, AuditRig.Entry("undone"), CancellationToken.None);
            await transaction.RollbackAsync();
        }
        var kept = await audit.RecordAsync(AuditRig.Entry("done"));

        Assert.Equal(kept, await audit.ReadAsync<Guid>("select entry_id from audit_log"));
        Assert.Equal(kept, await audit.ReadAsync<Guid>("select entry_id from audit_unchained"));
    }

    public static TheoryData<string> OddTexts =>
    [
        "'; drop table audit_log; --", "$$ \\' \" {0} @now %s", "a\tb\r\nc\u0001\u001f\u007f\u2028", "😀 ﬀ é e\u0301 \u202e", new string('x', 200),
    ];

    [Theory]
    [MemberData(nameof(OddTexts))]
    public async Task Every_text_is_stored_and_chained_as_it_was_given(string text)
    {
        using var audit = await AuditRig.OnEmptyLogAsync(db);

        await audit.RecordAsync(new AuditEntry(text, text[..Math.Min(100, text.Length)], text, new JsonObject { [text] = new JsonArray(text) }, text));
        await audit.Chain.RunOnceAsync(CancellationToken.None);

        await using var connection = await db.Owner.OpenConnectionAsync();
        var (actor, subject, source, inDetails) = await connection.QuerySingleAsync<(string, string, string, string)>(
            "select actor, subject, source, details -> @text ->> 0 from audit_log", new { text });
        Assert.Equal([text, text, text, text], [actor, subject, source, inDetails]);
        Assert.True((await audit.VerifyAsync()).Intact);
    }

    [Fact]
    public async Task What_PostgreSQL_cannot_hold_is_replaced_and_keeps_nothing_from_being_recorded()
    {
        using var audit = await AuditRig.OnEmptyLogAsync(db);

        await audit.RecordAsync(new AuditEntry("a\0b", "test.do", "\ud800", new JsonObject { ["k\0"] = "v\0 \\u0000 \udc00" }, null));

        Assert.Equal("a\u2400b", await audit.ReadAsync<string>("select actor from audit_log"));
        Assert.Equal("\ufffd", await audit.ReadAsync<string>("select subject from audit_log"));
        Assert.Equal("v\u2400 \\u0000 \ufffd", await audit.ReadAsync<string>("select details ->> U&'k\\2400' from audit_log"));
    }

    [Fact]
    public async Task Details_keep_numbers_exactly()
    {
        using var audit = await AuditRig.OnEmptyLogAsync(db);
        var details = JsonNode.Parse("""{ "cost": 1.10, "huge": 1e400, "deep": { "b": [ { "ü": 0.1 } ], "a": null } }""")!.AsObject();

        await audit.RecordAsync(AuditRig.Entry("numbers") with { Details = details });
        await audit.Chain.RunOnceAsync(CancellationToken.None);

        Assert.Equal("1.10", await audit.ReadAsync<string>("select details ->> 'cost' from audit_log"));
        Assert.Equal("1" + new string('0', 400), await audit.ReadAsync<string>("select details ->> 'huge' from audit_log"));
        Assert.True((await audit.VerifyAsync()).Intact);
    }

    [Theory]
    [InlineData("actor", 0, "audit_actor_length")]
    [InlineData("actor", 201, "audit_actor_length")]
    [InlineData("action", 101, "audit_action_length")]
    [InlineData("subject", 501, "audit_subject_length")]
    [InlineData("source", 201, "audit_source_length")]
    [InlineData("details", 65_536, "audit_details_form")]
    public async Task What_is_too_long_is_refused_and_named(string column, int length, string constraint)
    {
        using var audit = await AuditRig.OnEmptyLogAsync(db);
        var text = new string('x', length);
        var entry = column switch
        {
            "actor" => AuditRig.Entry("s") with { Actor = text },
            "action" => AuditRig.Entry("s") with { Action = text },
            "subject" => AuditRig.Entry(text),
            "source" => AuditRig.Entry("s") with { Source = text },
            _ => AuditRig.Entry("s") with { Details = new JsonObject { ["text"] = text } },
        };

        var refused = await Assert.ThrowsAsync<PostgresException>(() => audit.RecordAsync(entry));

        Assert.Equal(constraint, refused.ConstraintName);
    }

    [Fact]
    public async Task Details_are_nested_up_to_20_levels()
    {
        using var audit = await AuditRig.OnEmptyLogAsync(db);
        var details = new JsonObject();
        for (var depth = 1; depth < 20; depth++) details = new JsonObject { ["d"] = details };

        await audit.RecordAsync(AuditRig.Entry("deep") with { Details = details });
        await Assert.ThrowsAsync<InvalidOperationException>(() => audit.RecordAsync(
            AuditRig.Entry("too deep") with { Details = new JsonObject { ["d"] = details.DeepClone() } }));
    }

    [Theory]
    [InlineData("audit_log")]
    [InlineData("audit_chain")]
    public async Task Neither_the_engine_nor_the_owner_can_change_what_is_written(string table)
    {
        using var audit = await AuditRig.OnEmptyLogAsync(db);
        await audit.ChainedAsync(2);

        foreach (var source in new[] { db.Source, db.Owner, db.Reader })
            foreach (var sql in new[] { $"update {table} set entry_id = entry_id", $"delete from {table}", $"truncate {table}", $"delete from {table} where false" })
            {
                await using var connection = await source.OpenConnectionAsync();
                var refused = await Assert.ThrowsAsync<PostgresException>(() => connection.ExecuteAsync(sql));
                Assert.Equal(PostgresErrorCodes.InsufficientPrivilege, refused.SqlState);
            }
        Assert.Equal(2, await audit.ReadAsync<long>($"select count(*) from {table}"));
    }

    [Theory]
    [InlineData("select setval('audit_positions', 1)")]
    [InlineData("select nextval('audit_positions')")]
    [InlineData("update audit_unchained set recorded_at = recorded_at")]
    [InlineData("truncate audit_unchained")]
    [InlineData("alter table audit_log disable trigger all")]
    [InlineData("set session_replication_role = replica")]
    public async Task The_engines_role_cannot_help_itself(string sql)
    {
        await using var connection = await db.Source.OpenConnectionAsync();

        var refused = await Assert.ThrowsAsync<PostgresException>(() => connection.ExecuteAsync(sql));

        Assert.Equal(PostgresErrorCodes.InsufficientPrivilege, refused.SqlState);
    }

    [Fact]
    public async Task Operators_see_the_log_with_its_chain()
    {
        using var audit = await AuditRig.OnEmptyLogAsync(db);
        await audit.ChainedAsync(1);

        await using var reader = await db.Reader.OpenConnectionAsync();
        var (position, chainHash) = await reader.QuerySingleAsync<(long, string)>("select position, chain_hash from v_audit_log where subject = '1'");

        var head = await audit.ReadHead.RunAsync(CancellationToken.None);
        Assert.Equal((head.Position, head.ChainHash), (position, chainHash));
    }
}
