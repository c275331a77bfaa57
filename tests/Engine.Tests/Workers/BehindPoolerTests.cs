using Dapper;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Support;

namespace Engine.Tests.Workers;

public sealed class BehindPoolerTests
{
    [Fact]
    public async Task An_engine_that_does_not_listen_prepares_nothing_that_the_next_statement_may_not_find()
    {
        await using var engine = new EngineServer();
        engine.Environment["ENGINE__TASKS__LISTEN"] = "false";
        await engine.InitializeAsync();

        await using var connection = await engine.Services.GetRequiredService<NpgsqlDataSource>().OpenConnectionAsync();
        for (var i = 0; i < 10; i++) await connection.ExecuteAsync("select 1");

        Assert.Equal(0L, await connection.ExecuteScalarAsync<long>("select count(*) from pg_prepared_statements"));
    }
}
