using System.Diagnostics;
using Engine.Audit;
using Support;
using Xunit.Abstractions;

namespace Engine.Tests.Audit;

public sealed class VerifyAuditTests(TestDatabase db, ITestOutputHelper output) : IClassFixture<TestDatabase>
{
    [Fact]
    public async Task An_empty_log_is_intact()
    {
        using var audit = await AuditRig.OnEmptyLogAsync(db);

        var verdict = await audit.VerifyAsync(AuditHead.Genesis);

        Assert.Equal((true, 0, 0, AuditHead.Genesis), (verdict.Intact, verdict.Entries, verdict.Unchained, verdict.Head));
    }

    [Fact]
    public async Task An_untouched_log_is_intact_and_holds_every_head_that_was_noted()
    {
        using var audit = await AuditRig.OnEmptyLogAsync(db);
        await audit.ChainedAsync(3);
        var noted = await audit.ReadHead.RunAsync(CancellationToken.None);
        await audit.RecordAsync(AuditRig.Entry("4"));
        await audit.Chain.RunOnceAsync(CancellationToken.None);
        await audit.RecordAsync(AuditRig.Entry("waits"));

        var verdict = await audit.VerifyAsync(noted);

        Assert.Empty(verdict.Problems);
        Assert.Equal((true, 4, 1, 4), (verdict.Intact, verdict.Entries, verdict.Unchained, verdict.Head.Position));
    }

    [Theory]
    [InlineData("actor = 'somebody else'")]
    [InlineData("action = 'test.done'")]
    [InlineData("subject = subject || ' '")]
    [InlineData("source = null")]
    [InlineData("details = '{\"n\": 5}'")]
    [InlineData("details = details || '{\"more\": 1.0}'")]
    [InlineData("recorded_at = recorded_at + interval '1 microsecond'")]
    [InlineData("recorded_at = (to_char(recorded_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') || '+00 BC')::timestamptz")]
    [InlineData("recorded_at = 'infinity'")]
    public async Task A_changed_row_is_named_with_what_is_stored_and_expected(string change)
    {
        using var audit = await AuditRig.OnEmptyLogAsync(db);
        var ids = await audit.ChainedAsync(9);
        var linkedWith = await audit.ReadAsync<string>("select encode(entry_hash, 'hex') from audit_chain where position = 5");

        await audit.TamperAsync($"update audit_log set {change} where subject = '5'");

        var problem = Assert.Single((await audit.VerifyAsync()).Problems);
        Assert.Equal((AuditProblemKind.Changed, 5L, ids[4]), (problem.Kind, problem.Position, problem.EntryId));
        Assert.Matches($"^Entry {ids[4]} at position 5 has hash [0-9a-f]{{64}}, it was linked with {linkedWith}\\.$", problem.Message);
    }

    [Fact]
    public async Task A_changed_row_is_named_when_its_hash_in_the_chain_was_changed_along()
    {
        using var audit = await AuditRig.OnEmptyLogAsync(db);
        var ids = await audit.ChainedAsync(9);

        await audit.TamperAsync("update audit_log set source = '10.0.0.1' where subject = '5'");
        var changed = await ComputedHashAsync(audit, 5);
        await audit.TamperAsync($"update audit_chain set entry_hash = '\\x{changed}' where position = 5");

        var problem = Assert.Single((await audit.VerifyAsync()).Problems);
        Assert.Equal((AuditProblemKind.Changed, 5L, ids[4]), (problem.Kind, problem.Position, problem.EntryId));
    }

    /// <summary>What a verification computes for the entry at that position.</summary>
    static async Task<string> ComputedHashAsync(AuditRig audit, long position) =>
        (await audit.VerifyAsync()).Problems.Single(p => p.Position == position).Message.Split(" has hash ")[1][..64];

    [Fact]
    public async Task A_row_missing_from_the_log_is_named()
    {
        using var audit = await AuditRig.OnEmptyLogAsync(db);
        var ids = await audit.ChainedAsync(9);

        await audit.TamperAsync("delete from audit_log where subject = '5'");

        var problem = Assert.Single((await audit.VerifyAsync()).Problems);
        Assert.Equal((AuditProblemKind.Missing, 5L, ids[4]), (problem.Kind, problem.Position, problem.EntryId));
    }

    [Fact]
    public async Task Rows_missing_from_log_and_chain_leave_a_gap_that_is_named()
    {
        using var audit = await AuditRig.OnEmptyLogAsync(db);
        await audit.ChainedAsync(9);

        await audit.TamperAsync("delete from audit_log where subject in ('1', '5', '6'); delete from audit_chain where position in (1, 5, 6)");

        var problems = (await audit.VerifyAsync()).Problems;
        Assert.Equal([(AuditProblemKind.Missing, 1L), (AuditProblemKind.Missing, 5L)], problems.Select(p => (p.Kind, p.Position!.Value)));
        Assert.Equal(["The link at position 1 is gone.", "The links at positions 5 to 6 are gone: 2 of them."], problems.Select(p => p.Message));
    }

    [Theory]
    [InlineData(3, 7)]
    [InlineData(3, 4)]
    [InlineData(1, 9)]
    [InlineData(8, 9)]
    public async Task Reordered_links_are_both_named_and_nothing_else(int one, int other)
    {
        using var audit = await AuditRig.OnEmptyLogAsync(db);
        var ids = await audit.ChainedAsync(9);

        await audit.TamperAsync($"""
            update audit_chain set position = 1000 where position = {one};
            update audit_chain set position = {one} where position = {other};
            update audit_chain set position = {other} where position = 1000
            """);
        File.Delete(audit.HeadFile.Location);

        Assert.Equal(
            [(AuditProblemKind.Reordered, one, ids[other - 1]), (AuditProblemKind.Reordered, other, ids[one - 1])],
            (await audit.VerifyAsync()).Problems.Select(p => (p.Kind, (int)p.Position!, p.EntryId!.Value)));
    }

    [Fact]
    public async Task Entries_that_were_swapped_between_links_are_both_named()
    {
        using var audit = await AuditRig.OnEmptyLogAsync(db);
        var ids = await audit.ChainedAsync(9);

        await audit.TamperAsync("""
            alter table audit_chain drop constraint audit_chain_entry_id_key;
            update audit_chain c set entry_id = o.entry_id, entry_hash = o.entry_hash
            from audit_chain o where (c.position, o.position) in ((3, 7), (7, 3));
            alter table audit_chain add constraint audit_chain_entry_id_key unique (entry_id)
            """);

        Assert.Equal(
            [(AuditProblemKind.Reordered, 3L, ids[6]), (AuditProblemKind.Reordered, 7L, ids[2])],
            (await audit.VerifyAsync()).Problems.Select(p => (p.Kind, p.Position!.Value, p.EntryId!.Value)));
    }

    [Fact]
    public async Task A_link_that_was_taken_out_and_closed_up_is_found()
    {
        using var audit = await AuditRig.OnEmptyLogAsync(db);
        await audit.ChainedAsync(9);

        await audit.TamperAsync("""
            delete from audit_log where subject = '5'; delete from audit_chain where position = 5;
            update audit_chain set position = position - 1 where position = 6; update audit_chain set position = position - 1 where position = 7;
            update audit_chain set position = position - 1 where position = 8; update audit_chain set position = position - 1 where position = 9;
            select setval('audit_positions', 8)
            """);
        File.Delete(audit.HeadFile.Location);

        var problems = (await audit.VerifyAsync()).Problems;
        Assert.Equal([5L, 6, 7, 8], problems.Select(p => p.Position!.Value));
        Assert.All(problems.Skip(1), p => Assert.Equal(AuditProblemKind.Reordered, p.Kind));
        Assert.EndsWith("stands at position 7, it was made for position 8.", problems[2].Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("entry_hash", 5)]
    [InlineData("chain_hash", 5)]
    [InlineData("chain_hash", 9)]
    public async Task A_changed_row_of_the_chain_is_named(string column, int position)
    {
        using var audit = await AuditRig.OnEmptyLogAsync(db);
        var ids = await audit.ChainedAsync(9);
        File.Delete(audit.HeadFile.Location);

        await audit.TamperAsync($"update audit_chain set {column} = sha256('x') where position = {position}");

        var problem = Assert.Single((await audit.VerifyAsync()).Problems);
        Assert.Equal((AuditProblemKind.ChainChanged, (long)position, ids[position - 1]), (problem.Kind, problem.Position, problem.EntryId));
    }

    [Fact]
    public async Task A_forged_row_is_named()
    {
        using var audit = await AuditRig.OnEmptyLogAsync(db);
        await audit.ChainedAsync(3);
        var forged = Guid.CreateVersion7(audit.Time.GetUtcNow());

        await audit.TamperAsync($"insert into audit_log (entry_id, recorded_at, actor, action, subject) values ('{forged}', '2026-03-01', 'a', 'b', 'c')");

        var problem = Assert.Single((await audit.VerifyAsync()).Problems);
        Assert.Equal((AuditProblemKind.Forged, (long?)null, forged), (problem.Kind, problem.Position, problem.EntryId));
    }

    [Fact]
    public async Task All_problems_are_counted_and_a_hundred_named()
    {
        using var audit = await AuditRig.OnEmptyLogAsync(db);
        await InsertChainedAsync(audit, 900);

        await audit.TamperAsync("""
            update audit_log set actor = 'x' where entry_id in (select entry_id from audit_chain where position between 101 and 300);
            insert into audit_log (entry_id, recorded_at, actor, action, subject) select gen_random_uuid(), '2026-03-01', 'a', 'b', 'c' from generate_series(1, 150)
            """);

        var verdict = await audit.VerifyAsync();
        Assert.Equal((900, 350, 100), (verdict.Entries, verdict.ProblemCount, verdict.Problems.Count));
        Assert.Equal(Enumerable.Range(101, 100).Select(p => (long?)p), verdict.Problems.Select(p => p.Position));
    }

    [Fact]
    public async Task A_chain_of_many_batches_is_verified_to_its_end()
    {
        const int Count = 12_000;
        using var audit = await AuditRig.OnEmptyLogAsync(db);
        var chaining = Stopwatch.StartNew();
        await InsertChainedAsync(audit, Count);
        output.WriteLine($"inserted and chained {Count / chaining.Elapsed.TotalSeconds:0}/s");

        var verifying = Stopwatch.StartNew();
        var verdict = await audit.VerifyAsync();

        output.WriteLine($"verified {Count / verifying.Elapsed.TotalSeconds:0}/s");
        Assert.Equal((true, Count), (verdict.Intact, verdict.Entries));
    }

    static async Task InsertChainedAsync(AuditRig audit, int count)
    {
        await audit.TamperAsync($$"""
            with entry as (
                insert into audit_log (entry_id, recorded_at, actor, action, subject, details, source)
                select gen_random_uuid(), '2026-01-01T00:00:00Z'::timestamptz + i * interval '1 ms', 'token:k3jx9abc', 'schedule.change', 'schedule:' || i,
                    jsonb_build_object('cron', '0 0 * * * ?', 'enabled', true, 'version', i), '127.0.0.1' from generate_series(1, {{count}}) i
                returning recorded_at, entry_id)
            insert into audit_unchained select * from entry
            """);
        while (await audit.Chain.RunOnceAsync(CancellationToken.None) > 0) { }
    }
}
