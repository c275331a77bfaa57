using Dapper;
using Engine.Database;
using Engine.Faults;
using Engine.Tasks;
using Engine.Tests.Workers;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Support;

namespace Engine.Tests.Database;

/// <summary>What the server does with sessions whose engine is gone or hangs: nobody is to wait for their rows for long.</summary>
public sealed class SessionGuardTests : IAsyncLifetime
{
    // What was asked for: over a socket of the file system the settings of TCP themselves are always 0.
    const string Sql = "select reset_val from pg_settings where name in ('idle_in_transaction_session_timeout', 'tcp_user_timeout', 'tcp_keepalives_idle') order by name";

    readonly EngineServer engine = new();
    readonly WorkKinds kinds = new();

    public async Task InitializeAsync()
    {
        engine.Additions = kinds.AddTo;
        await engine.Database.InitializeAsync();
    }

    public Task DisposeAsync() => engine.DisposeAsync();

    [Fact]
    public async Task Every_session_asks_the_server_to_end_it_when_it_is_left_alone()
    {
        await engine.StartAsync();
        var database = engine.Services.GetRequiredService<EngineDatabase>();

        await using var pooled = await database.Source.OpenConnectionAsync();
        await using var owning = await database.Owner.OpenConnectionAsync();
        await using var reserved = await database.Reserved.OpenAsync(throughPooler: false, CancellationToken.None);

        foreach (var session in new[] { pooled, owning, reserved })
            Assert.Equal(["45000", "5", "10000"], await session.QueryAsync<string>(Sql));
    }

    [Fact]
    public async Task Behind_a_pooler_no_session_asks_for_what_that_would_refuse()
    {
        engine.Environment["ENGINE__TASKS__LISTEN"] = "false";
        await engine.StartAsync();
        var database = engine.Services.GetRequiredService<EngineDatabase>();

        await using var pooled = await database.Source.OpenConnectionAsync();
        await using var owning = await database.Owner.OpenConnectionAsync();
        await using var reserved = await database.Reserved.OpenAsync(throughPooler: true, CancellationToken.None);

        foreach (var session in new[] { pooled, owning, reserved })
            Assert.Equal(["0", "0", "0"], await session.QueryAsync<string>(Sql));
    }

    [Fact]
    public async Task A_transaction_that_is_left_alone_is_ended_and_its_rows_are_free_again()
    {
        engine.Environment["ENGINE__DATABASE__CONNECTIONSTRING"] =
            engine.Database.EngineConnectionString.Replace("role=engine", "role=engine -c idle_in_transaction_session_timeout=1500", StringComparison.Ordinal);
        await engine.StartAsync();
        await SetModeAsync("paused");
        var filing = await engine.Services.GetRequiredService<FileTasks>().RunAsync([new NewTask("work", """{"how":"fine"}""")], "test", CancellationToken.None);
        var taskId = Assert.IsType<Filing.Done>(filing).Tasks[0].TaskId;
        var source = engine.Services.GetRequiredService<NpgsqlDataSource>();
        await using var abandoned = await source.OpenConnectionAsync();
        await using var transaction = await abandoned.BeginTransactionAsync();
        Assert.Equal(taskId, await abandoned.ExecuteScalarAsync<Guid>("select task_id from task_ready for update", transaction: transaction));

        await SetModeAsync("running"); // who claims passes over the locked row

        await Eventually.TrueAsync(async () => await StateAsync(taskId) == "succeeded", TimeSpan.FromSeconds(20), "the task is done although nobody let it go");
        var fault = await Assert.ThrowsAnyAsync<NpgsqlException>(() => abandoned.ExecuteScalarAsync<int>("select 1", transaction: transaction));
        Assert.Equal((FaultKind.Transient, true), (Fault.Of(fault, CancellationToken.None), Fault.IsDatabaseAway(fault)));
        await using var next = await source.OpenConnectionAsync();
        Assert.Equal(1, await next.ExecuteScalarAsync<int>("select 1"));
    }

    async Task SetModeAsync(string mode)
    {
        await using var connection = await engine.Database.Owner.OpenConnectionAsync();
        await connection.ExecuteAsync("update task_engine set mode = @mode", new { mode });
    }

    async Task<string?> StateAsync(Guid taskId)
    {
        await using var connection = await engine.Database.Owner.OpenConnectionAsync();
        return await connection.ExecuteScalarAsync<string>("select state from governance_tasks where task_id = @taskId", new { taskId });
    }
}
