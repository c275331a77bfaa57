using System.Diagnostics.Metrics;
using System.Security.Cryptography;
using System.Text;
using Dapper;
using Engine.Audit;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Npgsql;
using Support;

namespace Engine.Tests.Audit;

public sealed class ChainAuditTests(TestDatabase db) : IClassFixture<TestDatabase>
{
    [Fact]
    public async Task The_first_links_can_be_recomputed_by_anybody()
    {
        using var audit = await AuditRig.OnEmptyLogAsync(db);
        var ids = await audit.ChainedAsync(2);

        byte[] Linked(byte[] previous, int position)
        {
            var json = $$"""{"action":"test.do","actor":"token:test","details":{"n":"{{position}}"},"entry_id":"{{ids[position - 1]}}","""
                + $$""" "recorded_at":"2026-03-01T12:00:00.00{{position}}000Z","source":"127.0.0.1","subject":"{{position}}"}""".TrimStart();
            return SHA256.HashData([.. previous, .. SHA256.HashData(Encoding.UTF8.GetBytes(json)), 0, 0, 0, 0, 0, 0, 0, (byte)position]);
        }
        var expected = Linked(Linked(new byte[32], 1), 2);

        var head = await audit.ReadHead.RunAsync(CancellationToken.None);
        Assert.Equal(new AuditHead(2, Convert.ToHexStringLower(expected), audit.Time.GetUtcNow()), head);
    }

    [Fact]
    public async Task Nothing_to_chain_leaves_the_head_at_the_start()
    {
        using var audit = await AuditRig.OnEmptyLogAsync(db);

        Assert.Equal(0, await audit.Chain.RunOnceAsync(CancellationToken.None));

        Assert.Equal(AuditHead.Genesis, await audit.ReadHead.RunAsync(CancellationToken.None));
        Assert.False(audit.HeadFile.Exists);
    }

    [Fact]
    public async Task Entries_of_concurrent_writers_are_chained_exactly_once_while_two_nodes_chain()
    {
        using var audit = await AuditRig.OnEmptyLogAsync(db);
        using var other = audit.AnotherNode();
        using var written = new CancellationTokenSource();

        var chainers = new[] { audit, other }.Select(node => Task.Run(async () =>
        {
            var count = 0;
            while (!written.IsCancellationRequested) count += await node.Chain.RunOnceAsync(CancellationToken.None);
            return count;
        })).ToArray();
        var committed = await Task.WhenAll(Enumerable.Range(0, 16).Select(writer => Task.Run(() => WriteAsync(audit, writer))));
        await written.CancelAsync();
        var chained = (await Task.WhenAll(chainers)).Sum();
        while (await audit.Chain.RunOnceAsync(CancellationToken.None) is > 0 and var more) chained += more;

        var ids = committed.SelectMany(c => c).ToHashSet();
        Assert.Equal(16 * 20, ids.Count);
        Assert.Equal(ids.Count, chained);
        await using var connection = await db.Owner.OpenConnectionAsync();
        Assert.Equal(ids, [.. await connection.QueryAsync<Guid>("select entry_id from audit_chain")]);
        Assert.Equal(Enumerable.Range(1, ids.Count).Select(i => (long)i), await connection.QueryAsync<long>("select position from audit_chain order by position"));
        var verdict = await audit.VerifyAsync();
        Assert.True(verdict.Intact);
        Assert.Equal((ids.Count, 0), (verdict.Entries, verdict.Unchained));
    }

    /// <summary>Thirty transactions of one writer, every third of which is rolled back.</summary>
    async Task<List<Guid>> WriteAsync(AuditRig audit, int writer)
    {
        var committed = new List<Guid>();
        await using var connection = await db.Source.OpenConnectionAsync();
        for (var i = 0; i < 30; i++)
        {
            await using var transaction = await connection.BeginTransactionAsync();
            var entryId = await audit.Record.RunAsync(connection, transaction, AuditRig.Entry($"{writer}/{i}"), CancellationToken.None);
            if (i % 3 == 0)
            {
                await transaction.RollbackAsync();
                continue;
            }
            await transaction.CommitAsync();
            committed.Add(entryId);
        }
        return committed;
    }

    [Fact]
    public async Task An_open_transaction_holds_up_neither_other_writers_nor_the_chain_and_is_chained_later()
    {
        using var audit = await AuditRig.OnEmptyLogAsync(db);
        await using var connection = await db.Source.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        var early = await audit.Record.RunAsync(connection, transaction, AuditRig.Entry("early"), CancellationToken.None);
        audit.Time.Advance(TimeSpan.FromMinutes(1));
        var late = await audit.RecordAsync(AuditRig.Entry("late"));
        Assert.Equal(1, await audit.Chain.RunOnceAsync(CancellationToken.None));

        await transaction.CommitAsync();
        Assert.Equal(1, await audit.Chain.RunOnceAsync(CancellationToken.None));

        await using var owner = await db.Owner.OpenConnectionAsync();
        Assert.Equal([late, early], await owner.QueryAsync<Guid>("select entry_id from audit_chain order by position"));
        Assert.True((await audit.VerifyAsync()).Intact);
    }

    [Fact]
    public async Task A_batch_is_bounded_and_ordered_by_the_time_of_recording()
    {
        using var audit = await AuditRig.OnEmptyLogAsync(db);
        await InsertAsync(audit, ChainAudit.BatchSize + 3);

        Assert.Equal(ChainAudit.BatchSize, await audit.Chain.RunOnceAsync(CancellationToken.None));
        Assert.Equal(3, await audit.Chain.RunOnceAsync(CancellationToken.None));
        Assert.Equal(0, await audit.Chain.RunOnceAsync(CancellationToken.None));

        Assert.Equal(0, await audit.ReadAsync<long>("""
            select count(*) from (select l.recorded_at < lag(l.recorded_at) over (order by c.position) as steps_back
                from audit_chain c join audit_log l using (entry_id)) o where steps_back
            """));
        Assert.True((await audit.VerifyAsync()).Intact);
    }

    /// <summary>Entries as RecordAudit writes them, in one statement; newest first, so that order is the chainer's doing.</summary>
    static Task InsertAsync(AuditRig audit, int count) => audit.TamperAsync($"""
        with entry as (
            insert into audit_log (entry_id, recorded_at, actor, action, subject, source)
            select gen_random_uuid(), '2026-01-01T00:00:00Z'::timestamptz - i * interval '1 ms', 'a', 'b', 'c', null from generate_series(1, {count}) i
            returning recorded_at, entry_id)
        insert into audit_unchained select * from entry
        """);

    [Fact]
    public async Task A_pass_that_dies_leaves_the_chain_valid_and_the_next_one_goes_on()
    {
        using var audit = await AuditRig.OnEmptyLogAsync(db);
        await audit.ChainedAsync(2);
        await audit.RecordAsync(AuditRig.Entry("3"));
        await audit.TamperAsync("alter table audit_chain add constraint nothing_more check (position < 3)");

        await Assert.ThrowsAsync<PostgresException>(() => audit.Chain.RunOnceAsync(CancellationToken.None)); // after it took from the queue
        var afterwards = await audit.VerifyAsync();
        await audit.TamperAsync("alter table audit_chain drop constraint nothing_more");
        Assert.Equal(1, await audit.Chain.RunOnceAsync(CancellationToken.None));

        Assert.Equal((true, 2, 1), (afterwards.Intact, afterwards.Entries, afterwards.Unchained));
        var verdict = await audit.VerifyAsync();
        Assert.Equal((true, 3, 0), (verdict.Intact, verdict.Entries, verdict.Unchained));
    }

    [Fact]
    public async Task Links_that_were_committed_just_before_a_crash_are_noted_by_the_next_pass()
    {
        using var audit = await AuditRig.OnEmptyLogAsync(db);
        await audit.ChainedAsync(5);
        await audit.TamperAsync("select setval('audit_positions', 3)");
        File.Delete(audit.HeadFile.Location);
        using var restarted = audit.AnotherNode();

        await restarted.Chain.RunOnceAsync(CancellationToken.None);

        Assert.Equal(5, await audit.ReadAsync<long>("select last_value from audit_positions"));
        Assert.Equal(await audit.ReadHead.RunAsync(CancellationToken.None), restarted.HeadFile.Read());
    }

    [Fact]
    public async Task Odd_rows_in_the_queue_do_not_stop_the_chain()
    {
        using var audit = await AuditRig.OnEmptyLogAsync(db);
        var ids = await audit.ChainedAsync(1);
        await audit.TamperAsync($"""
            insert into audit_unchained values ('-infinity', '{ids[0]}'), ('200000-01-01', gen_random_uuid()), ('2000-01-01 BC', gen_random_uuid());
            insert into audit_log (entry_id, recorded_at, actor, action, subject, details) values
                ('{Guid.Empty}', 'infinity', 'a', 'b', 'c', jsonb_build_object('d', (repeat('[', 2000) || repeat(']', 2000))::jsonb));
            insert into audit_unchained values ('infinity', '{Guid.Empty}')
            """);

        Assert.Equal(1, await audit.Chain.RunOnceAsync(CancellationToken.None)); // the linked one leaves, the lost ones stay as evidence
        Assert.Equal(0, await audit.Chain.RunOnceAsync(CancellationToken.None));

        Assert.Equal(2, await audit.ReadAsync<long>("select count(*) from audit_unchained"));
        Assert.Equal([AuditProblemKind.Missing, AuditProblemKind.Missing], (await audit.VerifyAsync()).Problems.Select(p => p.Kind));
    }

    [Fact]
    public async Task The_head_file_follows_the_chain_on_every_node_and_only_its_owner_can_read_it()
    {
        using var audit = await AuditRig.OnEmptyLogAsync(db);
        using var other = audit.AnotherNode();
        await audit.ChainedAsync(2);
        var first = audit.HeadFile.Read();
        await other.Chain.RunOnceAsync(CancellationToken.None);

        await audit.RecordAsync(AuditRig.Entry("3"));
        await other.Chain.RunOnceAsync(CancellationToken.None);

        Assert.Equal(2, first!.Position);
        Assert.Equal(first, audit.HeadFile.Read()); // that node has not run since
        Assert.Equal(await audit.ReadHead.RunAsync(CancellationToken.None), other.HeadFile.Read());
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(other.HeadFile.Location));
        Assert.True((await audit.VerifyAsync()).Intact); // an older head is still one of this chain
    }

    [Fact]
    public async Task Where_the_end_was_removed_the_chain_goes_on_behind_a_gap_and_keeps_the_head_file()
    {
        using var audit = await AuditRig.OnEmptyLogAsync(db);
        await audit.ChainedAsync(5);
        var seen = audit.HeadFile.Read();
        await audit.TamperAsync("delete from audit_log where subject in ('4', '5'); delete from audit_chain where position > 3");

        await audit.RecordAsync(AuditRig.Entry("6"));
        await audit.Chain.RunOnceAsync(CancellationToken.None);

        Assert.Equal(6, (await audit.ReadHead.RunAsync(CancellationToken.None)).Position);
        Assert.Equal(seen, audit.HeadFile.Read());
        var problem = Assert.Single((await audit.VerifyAsync()).Problems);
        Assert.Equal((AuditProblemKind.Missing, 4L), (problem.Kind, problem.Position));
        Assert.Contains("positions 4 to 5 are gone", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_age_of_the_oldest_unchained_entry_and_what_was_chained_are_measured()
    {
        using var audit = await AuditRig.OnEmptyLogAsync(db);
        var measured = new Dictionary<string, double>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, l) => { if (instrument.Meter == audit.Metrics.Meter) l.EnableMeasurementEvents(instrument); };
        listener.SetMeasurementEventCallback<double>((instrument, value, _, _) => measured[instrument.Name] = value);
        listener.SetMeasurementEventCallback<long>((instrument, value, _, _) => measured[instrument.Name] = value);
        listener.Start();
        await audit.TamperAsync("insert into audit_unchained values ('2026-03-01T11:59:00Z', gen_random_uuid())"); // its entry is gone

        await audit.ChainedAsync(3);

        Assert.Equal(3, measured["engine.audit.chained"]);
        Assert.Equal(60.003, measured["engine.audit.unchained"], 3);
        Assert.Equal(60.003, audit.Chain.Lag.Unchained.TotalSeconds, 3);
    }

    [Fact]
    public async Task Entries_that_wait_too_long_and_a_chainer_that_stands_still_are_told_by_health()
    {
        using var audit = await AuditRig.OnEmptyLogAsync(db);
        var health = new AuditHealth(audit.Chain);
        async Task<HealthStatus> StatusAsync() => (await health.CheckHealthAsync(new HealthCheckContext())).Status;
        await audit.ChainedAsync(1);
        Assert.Equal(HealthStatus.Healthy, await StatusAsync());

        audit.Time.Advance(TimeSpan.FromSeconds(61));
        Assert.Equal(HealthStatus.Degraded, await StatusAsync());
        await audit.Chain.RunOnceAsync(CancellationToken.None);
        Assert.Equal(HealthStatus.Healthy, await StatusAsync());

        await audit.TamperAsync("insert into audit_unchained values ('2026-03-01T11:59:00Z', gen_random_uuid())"); // its entry is gone
        await audit.Chain.RunOnceAsync(CancellationToken.None);
        Assert.Equal(HealthStatus.Degraded, await StatusAsync());
    }
}
