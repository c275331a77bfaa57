using Dapper;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Routing.Policies;
using Routing.Selection;
using Routing.Tests.Selection;
using Support;

namespace Routing.Tests.Policies;

/// <summary>Policies in the database: seeds, versions, activation, task types.</summary>
public sealed class PoliciesTests : IAsyncLifetime
{
    readonly TestDatabase db = new();
    readonly ManualTime time = new();

    public Task InitializeAsync() => db.InitializeAsync();

    public Task DisposeAsync() => db.DisposeAsync();

    [Fact]
    public async Task The_engine_comes_with_four_policies_that_pass_every_check()
    {
        var read = await new ReadPolicies(db.Source).RunAsync(CancellationToken.None);

        Assert.Empty(read.Unreadable);
        Assert.Equal(["code", "deep", "normal", "ops"], read.Set.ByName.Keys.Order());
        Assert.All(read.Set.ByName.Values, p => Assert.Empty(CheckPolicy.Problems(p.Name, p.Config, read.Set)));
        Assert.Equal(
            [("code", 0.50m, 8000, 0.3), ("deep", 1.00m, 8000, 0.7), ("normal", 0.10m, 4000, 0.7), ("ops", 0.01m, 1000, 0.3)],
            read.Set.ByName.Values.OrderBy(p => p.Name).Select(p => (p.Name, p.Config.MaxCostPerTaskUsd, p.Config.MaxTokens, p.Config.Temperature!.Value)));
        Assert.Equal("deep", read.Set.Find("deep_research")!.Name);
        Assert.Equal(10, read.Set.TaskTypes.Count);
        Assert.Equal(("code", "normal", "ops", "deep"), (read.Set.TaskTypes["fix_bug"], read.Set.TaskTypes["generic"], read.Set.TaskTypes["simple_query"], read.Set.TaskTypes["plan"]));
    }

    [Fact]
    public async Task A_saved_policy_is_a_new_version_that_is_not_in_force_yet()
    {
        var before = await Read();

        var saved = Assert.IsType<PolicySaved.Saved>(await SaveAsync("normal", Given.Config(Given.Mini, Given.Sonnet)));

        Assert.Equal((2, true), (saved.Policy.Version, saved.IsNew));
        Assert.Equal(before.Revision, (await Read()).Revision);
        Assert.Equal(1, (await Read()).Set.ByName["normal"].Version);
        var row = (await new ListPolicies(db.Source).FindAsync("normal", 2, CancellationToken.None))!;
        Assert.Equal((false, "because", "token:tester", time.GetUtcNow(), 2), (row.IsActive, row.Note, row.CreatedBy, row.CreatedAt, row.LatestVersion));
    }

    [Fact]
    public async Task What_the_latest_version_says_already_makes_no_other()
    {
        await SaveAsync("normal", Given.Config(Given.Mini, Given.Sonnet));

        var again = Assert.IsType<PolicySaved.Saved>(await SaveAsync("normal", Given.Config(Given.Mini, Given.Sonnet)));

        Assert.Equal((2, false), (again.Policy.Version, again.IsNew));
        var other = Assert.IsType<PolicySaved.Saved>(await SaveAsync("normal", Given.Config(Given.Sonnet, Given.Mini)));
        Assert.Equal((3, true), (other.Policy.Version, other.IsNew));
    }

    [Fact]
    public async Task A_policy_that_does_not_go_with_the_others_is_not_saved()
    {
        var refused = Assert.IsType<PolicySaved.Refused>(await SaveAsync("ops", Given.Config(Given.Turbo) with { DowngradeTo = ["normal"] }));

        Assert.Equal(["downgrade_to[0] makes a circle: ops → normal → ops."], refused.Problems);
        Assert.Equal(1, (await new ListPolicies(db.Source).FindAsync("ops", null, CancellationToken.None))!.LatestVersion);
    }

    [Fact]
    public async Task An_activated_version_is_in_force_and_the_revision_tells()
    {
        var before = await Read();
        await SaveAsync("normal", Given.Config(Given.Mini, Given.Sonnet));

        var activated = Assert.IsType<PolicyActivated.Activated>(await ActivateAsync("normal", 2, seen: 1));

        Assert.Equal((1, 2), (activated.Before, activated.Version));
        var after = await Read();
        Assert.Equal((2, true), (after.Set.ByName["normal"].Version, after.Revision != before.Revision));
        Assert.Equal(before.Revision, await ActivateAndReadAsync(1, seen: 2)); // and back
    }

    [Fact]
    public async Task A_new_policy_comes_into_force_when_nothing_was()
    {
        await SaveAsync("night", Given.Config(Given.Mini) with { Aliases = ["late"] });

        Assert.IsType<PolicyActivated.Activated>(await ActivateAsync("night", 1, seen: null));
        Assert.Equal("night", (await Read()).Set.Find("late")!.Name);
    }

    [Fact]
    public async Task An_activation_is_refused_when_somebody_was_quicker_or_there_is_no_such_version()
    {
        await SaveAsync("normal", Given.Config(Given.Mini, Given.Sonnet));
        await SaveAsync("normal", Given.Config(Given.Sonnet));

        Assert.IsType<PolicyActivated.NoSuchVersion>(await ActivateAsync("normal", 9, seen: 1));
        Assert.IsType<PolicyActivated.NoSuchVersion>(await ActivateAsync("absent", 1, seen: null));
        Assert.Equal(1, Assert.IsType<PolicyActivated.Stale>(await ActivateAsync("normal", 2, seen: null)).Active);
        await ActivateAsync("normal", 2, seen: 1);
        Assert.Equal(2, Assert.IsType<PolicyActivated.Stale>(await ActivateAsync("normal", 3, seen: 1)).Active);
        Assert.Equal((2, 2), Assert.IsType<PolicyActivated.Activated>(await ActivateAsync("normal", 2, seen: 2)) is var same ? (same.Before, same.Version) : default);
    }

    [Fact]
    public async Task Of_many_that_activate_at_the_same_moment_one_succeeds()
    {
        for (var i = 0; i < 8; i++) await SaveAsync("normal", Given.Config(Given.Mini) with { MaxTokens = 1000 + i });

        var outcomes = await Task.WhenAll(Enumerable.Range(2, 8).Select(v => ActivateAsync("normal", v, seen: 1)));

        Assert.Single(outcomes.OfType<PolicyActivated.Activated>());
        Assert.Equal(7, outcomes.OfType<PolicyActivated.Stale>().Count());
    }

    [Fact]
    public async Task Two_that_are_right_alone_and_wrong_together_are_not_both_activated()
    {
        await SaveAsync("one", Given.Config(Given.Mini));
        await ActivateAsync("one", 1, seen: null);
        await SaveAsync("two", Given.Config(Given.Mini));
        await ActivateAsync("two", 1, seen: null);
        await SaveAsync("one", Given.Config(Given.Mini) with { DowngradeTo = ["two"] });
        await SaveAsync("two", Given.Config(Given.Mini) with { DowngradeTo = ["one"] });

        var outcomes = await Task.WhenAll(ActivateAsync("one", 2, seen: 1), ActivateAsync("two", 2, seen: 1));

        Assert.Single(outcomes.OfType<PolicyActivated.Activated>());
        Assert.Contains("makes a circle", Assert.Single(outcomes.OfType<PolicyActivated.Refused>()).Problems.Single(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_version_cannot_be_changed_by_the_engine()
    {
        await using var connection = await db.Source.OpenConnectionAsync();

        foreach (var sql in new[] { "update routing_policies set policy_config = '{}'", "update routing_policies set version = 7", "delete from routing_policies" })
            Assert.Equal(PostgresErrorCodes.InsufficientPrivilege, (await Assert.ThrowsAsync<PostgresException>(() => connection.ExecuteAsync(sql))).SqlState);
        await using var owner = await db.Owner.OpenConnectionAsync();
        var twice = await Assert.ThrowsAsync<PostgresException>(() => owner.ExecuteAsync(
            "insert into routing_policies (policy, version, is_active, policy_config, created_by, created_at) values ('normal', 2, true, '{}', 'somebody', 'epoch')"));
        Assert.Equal("routing_policies_one_active", twice.ConstraintName);
    }

    [Fact]
    public async Task A_policy_that_was_put_in_past_all_checks_is_left_out_and_the_others_work()
    {
        await using var owner = await db.Owner.OpenConnectionAsync();
        await owner.ExecuteAsync("""
            insert into routing_policies (policy, version, is_active, policy_config, created_by, created_at) values ('odd', 1, true, '{"models":"all"}', 'somebody', 'epoch')
            """);

        var read = await Read();

        Assert.Equal("odd", Assert.Single(read.Unreadable).Name);
        Assert.Equal(4, read.Set.ByName.Count);
    }

    [Fact]
    public async Task Task_types_are_replaced_as_a_whole_by_who_has_seen_them()
    {
        var before = await Read();
        var types = SetTaskTypes.Types(before.Set);
        var changed = types.Select(t => t.Name == "plan" ? t with { Policy = "code", Preference = "fast" } : t).Where(t => t.Name != "write_report").ToArray();

        var done = Assert.IsType<TaskTypesSet.Done>(await SetAsync(changed, SetTaskTypes.MarkOf(types)));

        Assert.Equal((10, 9), (done.Before.Count, done.After.Count));
        var after = await Read();
        Assert.Equal(("code", "fast"), (after.Set.TaskTypes["plan"], after.Set.Preferences["plan"]));
        Assert.NotEqual(before.Revision, after.Revision);
        Assert.IsType<TaskTypesSet.Stale>(await SetAsync(types, SetTaskTypes.MarkOf(types)));
    }

    [Theory]
    [InlineData("generic", "normal", "sideways", "The preference of generic must be one of fast, quality, code, balanced, is \"sideways\".")]
    [InlineData("generic", "absent", null, "The task type generic goes to \"absent\", which is no active policy; there are code, deep, normal, ops.")]
    [InlineData("plan", "normal", null, "The task type generic is missing, which stands in for all that are not in the table.")]
    public async Task Task_types_that_lead_nowhere_are_refused(string type, string policy, string? preference, string problem)
    {
        var mark = SetTaskTypes.MarkOf(SetTaskTypes.Types((await Read()).Set));

        Assert.Equal([problem], Assert.IsType<TaskTypesSet.Refused>(await SetAsync([new(type, policy, preference)], mark)).Problems);
    }

    [Fact]
    public async Task Odd_names_and_doubles_of_task_types_are_refused()
    {
        var mark = SetTaskTypes.MarkOf(SetTaskTypes.Types((await Read()).Set));

        var refused = Assert.IsType<TaskTypesSet.Refused>(await SetAsync([new("generic", "normal", null), new("generic", "ops", null), new("Fix Bug", "code", null)], mark));

        Assert.Equal(["The task type generic is given 2 times.", "A task type must be of the form ^[a-z][a-z0-9_]{0,62}$, is \"Fix Bug\"."], refused.Problems);
    }

    [Fact]
    public async Task The_views_tell_what_is_in_force()
    {
        await using var reader = await db.Reader.OpenConnectionAsync();

        Assert.Equal("openai/gpt-4o-mini → anthropic/claude-sonnet-4.5", await reader.ExecuteScalarAsync<string>("select models from v_routing_policies where policy = 'normal' and is_active"));
        Assert.Equal(0.01m, await reader.ExecuteScalarAsync<decimal>("select max_cost_per_task_usd from v_routing_policies where policy = 'ops'"));
        Assert.Equal(1, await reader.ExecuteScalarAsync<int>("select policy_version from v_routing_task_types where task_type = 'fix_bug'"));
    }

    [Fact]
    public async Task A_running_process_follows_at_its_next_look()
    {
        using var keep = new KeepSnapshot(new ReadPolicies(db.Source), new SnapshotSources { Models = _ => Task.FromResult(Given.Catalog) }, time, NullLogger<KeepSnapshot>.Instance);
        await keep.RunOnceAsync(CancellationToken.None);
        Assert.True(keep.First.IsCompletedSuccessfully);
        var before = keep.Current;
        await SaveAsync("normal", Given.Config(Given.Sonnet));
        await ActivateAsync("normal", 2, seen: 1);

        time.Advance(TimeSpan.FromSeconds(1));
        await keep.RunOnceAsync(CancellationToken.None);

        Assert.Equal((2, time.GetUtcNow()), (keep.Current.Policies.ByName["normal"].Version, keep.Current.TakenAt));
        Assert.Equal([Given.Sonnet], keep.Current.Chosen(Given.Request).Slugs());
        Assert.Equal([Given.Mini, Given.Sonnet], before.Chosen(Given.Request).Slugs()); // what was decided on stays what it was
    }

    [Fact]
    public async Task A_part_that_cannot_be_read_stays_as_it_was()
    {
        var isAway = false;
        using var keep = new KeepSnapshot(new ReadPolicies(db.Source), new SnapshotSources { Models = _ => isAway ? throw new TimeoutException("away") : Task.FromResult(Given.Catalog) }, time, NullLogger<KeepSnapshot>.Instance);
        await keep.RunOnceAsync(CancellationToken.None);

        isAway = true;
        await keep.RunOnceAsync(CancellationToken.None);

        Assert.Equal(Given.Catalog.Count, keep.Current.Models.Count);
    }

    Task<ReadSet> Read() => new ReadPolicies(db.Source).RunAsync(CancellationToken.None);

    async Task<long> ActivateAndReadAsync(int version, int seen)
    {
        await ActivateAsync("normal", version, seen);
        return await new ReadPolicies(db.Source).RevisionAsync(CancellationToken.None);
    }

    Task<PolicySaved> SaveAsync(string name, PolicyConfig config) => InTransactionAsync((connection, transaction) =>
        new SavePolicy(time).RunAsync(connection, transaction, name, config, "because", "token:tester", CancellationToken.None));

    Task<PolicyActivated> ActivateAsync(string name, int version, int? seen) => InTransactionAsync((connection, transaction) =>
        ActivatePolicy.RunAsync(connection, transaction, name, version, seen, CancellationToken.None));

    Task<TaskTypesSet> SetAsync(IReadOnlyList<TaskType> types, long seen) => InTransactionAsync((connection, transaction) =>
        SetTaskTypes.RunAsync(connection, transaction, types, seen, CancellationToken.None));

    async Task<T> InTransactionAsync<T>(Func<NpgsqlConnection, NpgsqlTransaction, Task<T>> run)
    {
        await using var connection = await db.Source.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        var outcome = await run(connection, transaction);
        await transaction.CommitAsync();
        return outcome;
    }
}
