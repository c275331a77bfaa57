using System.Text.RegularExpressions;
using Dapper;
using Engine.Database;
using Engine.Workers;
using Npgsql;
using Support;

namespace Engine.Tests.Workers;

/// <summary>The plans of the hot statements, which must be the same for an empty queue and for a million tasks, with any statistics.</summary>
public sealed partial class PlansTests(TestDatabase database) : IClassFixture<TestDatabase>
{
    [Theory]
    [InlineData(0)]
    [InlineData(1_000)]
    [InlineData(1_000_000)]
    public async Task Claims_follow_the_order_of_the_index_and_ends_go_by_place(int rows)
    {
        await database.EmptyAsync();
        await using (var owner = await database.Owner.OpenConnectionAsync())
        {
            await owner.ExecuteAsync("""
                insert into task_ready (task_id, epoch, ready_at, lane_id) select gen_random_uuid(), 0, 'epoch', 1 + i % 5 from generate_series(1, @rows) i;
                insert into task_leases select task_id, 1, 1, 'epoch', 1, 0, 0, 0 from task_ready limit 2000;
                """, new { rows }, commandTimeout: 120);
            await owner.ExecuteAsync("analyze task_ready; analyze task_leases; analyze tasks", commandTimeout: 120);
        }
        await using var connections = new ReservedConnections(database.EngineConnectionString);
        await using var connection = await connections.OpenAsync(throughPooler: false, CancellationToken.None);

        var claim = await PlanAsync(connection, ExchangeTasks.ClaimSql,
            "1, 0, '2026-01-01', 1, '{1,2}', '{0,0}', '{10,10}', '{1,2}', '{infinity,infinity}', '{epoch,epoch}', '2026-01-01', 10, '{0,1}'",
            "bigint, bigint, timestamptz, integer, integer[], bigint[], integer[], integer[], timestamptz[], timestamptz[], timestamptz, integer, integer[]");
        var finish = await PlanAsync(connection, ExchangeTasks.FinishSql, "'{\"(0,1)\"}', '{00000000-0000-7000-8000-000000000000}', '{1}', '{null}', '2026-01-01'",
            "text[], uuid[], bigint[], text[], timestamptz");

        Assert.Equal(2, Regex.Count(claim, "Index (Only )?Scan using task_ready_in_order on task_ready"));
        Assert.Contains("Tid Scan on task_ready", claim, StringComparison.Ordinal);
        Assert.DoesNotMatch(SequentialScan(), claim);
        Assert.Contains("Tid Scan on task_leases", finish, StringComparison.Ordinal);
        Assert.DoesNotMatch(SequentialScan(), finish);
        Assert.DoesNotContain("JIT", claim + finish, StringComparison.Ordinal);
    }

    static async Task<string> PlanAsync(NpgsqlConnection connection, string sql, string values, string types)
    {
        await connection.ExecuteAsync($"prepare hot ({types}) as {sql}");
        var plan = string.Join('\n', await connection.QueryAsync<string>($"explain execute hot ({values})"));
        await connection.ExecuteAsync("deallocate hot");
        return plan;
    }

    [GeneratedRegex("Seq Scan on (task_ready|task_leases|tasks|task_attempts)")]
    private static partial Regex SequentialScan();
}
