using Engine.Audit;
using Support;

namespace Engine.Tests.Audit;

/// <summary>What only a head that was kept outside the tables can show.</summary>
public sealed class VerifyAgainstHeadsTests(TestDatabase db) : IClassFixture<TestDatabase>
{
    [Fact]
    public async Task A_truncated_tail_is_found_by_the_database_the_head_file_and_the_expected_head()
    {
        using var audit = await AuditRig.OnEmptyLogAsync(db);
        await audit.ChainedAsync(9);
        var noted = await audit.ReadHead.RunAsync(CancellationToken.None);
        using var elsewhere = audit.AnotherNode();

        await audit.TamperAsync("delete from audit_log where subject in ('8', '9'); delete from audit_chain where position > 7");

        var here = await audit.VerifyAsync(noted);
        Assert.Equal(3, here.ProblemCount);
        Assert.All(here.Problems, p => Assert.Equal((AuditProblemKind.Truncated, 9L), (p.Kind, p.Position)));
        Assert.Equal(AuditProblemKind.Truncated, Assert.Single((await elsewhere.VerifyAsync()).Problems).Kind); // by the sequence alone
        await audit.TamperAsync("select setval('audit_positions', 7)");
        Assert.Contains(audit.HeadFile.Location, Assert.Single((await audit.VerifyAsync()).Problems).Message, StringComparison.Ordinal);
        Assert.True((await elsewhere.VerifyAsync()).Intact); // nothing kept outside: what anchoring is for
        Assert.StartsWith("The expected head says", Assert.Single((await elsewhere.VerifyAsync(noted)).Problems).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task All_tables_emptied_is_a_truncation()
    {
        using var audit = await AuditRig.OnEmptyLogAsync(db);
        await audit.ChainedAsync(3);

        await audit.TamperAsync("truncate audit_log, audit_chain, audit_unchained");

        Assert.All((await audit.AnotherNode().VerifyAsync()).Problems, p => Assert.Equal((AuditProblemKind.Truncated, 3L), (p.Kind, p.Position)));
        Assert.False((await audit.VerifyAsync()).Intact);
    }

    [Fact]
    public async Task A_chain_made_anew_over_a_changed_row_is_found_by_any_kept_head()
    {
        using var audit = await AuditRig.OnEmptyLogAsync(db);
        await audit.ChainedAsync(5);
        var noted = await audit.ReadHead.RunAsync(CancellationToken.None);

        await audit.TamperAsync("""
            update audit_log set actor = 'somebody else' where subject = '2'; insert into audit_unchained select recorded_at, entry_id from audit_log;
            delete from audit_chain; select setval('audit_positions', 1, false)
            """);
        using var forger = audit.AnotherNode();
        await forger.Chain.RunOnceAsync(CancellationToken.None);

        Assert.True((await forger.VerifyAsync()).Intact);
        Assert.Equal(AuditProblemKind.Rewritten, Assert.Single((await forger.VerifyAsync(noted)).Problems).Kind);
        var byFile = Assert.Single((await audit.VerifyAsync()).Problems);
        Assert.Equal((AuditProblemKind.Rewritten, 5L), (byFile.Kind, byFile.Position));
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("{\"position\": 3}")]
    [InlineData("{\"position\": 3, \"chain_hash\": \"abc\", \"chained_at\": null}")]
    public async Task A_head_file_that_cannot_be_read_is_told_and_kept(string text)
    {
        using var audit = await AuditRig.OnEmptyLogAsync(db);
        await File.WriteAllTextAsync(audit.HeadFile.Location, text);

        await audit.ChainedAsync(1);

        Assert.Equal(AuditProblemKind.HeadUnreadable, Assert.Single((await audit.VerifyAsync()).Problems).Kind);
        Assert.Equal(text, await File.ReadAllTextAsync(audit.HeadFile.Location));
    }
}
