using System.Globalization;
using System.Text.Json.Nodes;
using Dapper;
using Engine.Audit;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Support;

namespace Engine.Tests.Audit;

/// <summary>One node's audit classes over an empty log, with a data folder and a clock of its own.</summary>
sealed class AuditRig : IDisposable
{
    readonly TestDatabase db;
    readonly TempFolder data = new();

    AuditRig(TestDatabase db)
    {
        this.db = db;
        HeadFile = new AuditHeadFile(data.Path);
        Record = new RecordAudit(Time);
        Chain = new ChainAudit(db.Source, Time, new WitnessAuditHead(HeadFile, NullLogger<WitnessAuditHead>.Instance), Metrics,
            NullLogger<ChainAudit>.Instance);
        Verify = new VerifyAudit(db.Source, HeadFile, TimeProvider.System, NullLogger<VerifyAudit>.Instance);
        ReadHead = new ReadAuditHead(db.Source);
    }

    public ManualTime Time { get; } = new();
    public AuditMetrics Metrics { get; } = new();
    public AuditHeadFile HeadFile { get; }
    public RecordAudit Record { get; }
    public ChainAudit Chain { get; }
    public VerifyAudit Verify { get; }
    public ReadAuditHead ReadHead { get; }

    public static async Task<AuditRig> OnEmptyLogAsync(TestDatabase db)
    {
        await db.EmptyAsync();
        await using var owner = await db.Owner.OpenConnectionAsync();
        await owner.ExecuteAsync("select setval('audit_positions', 1, false)");
        return new AuditRig(db);
    }

    /// <summary>Another node on the same database, with a data folder of its own.</summary>
    public AuditRig AnotherNode() => new(db);

    public async Task<Guid> RecordAsync(AuditEntry entry)
    {
        await using var connection = await db.Source.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        var entryId = await Record.RunAsync(connection, transaction, entry, CancellationToken.None);
        await transaction.CommitAsync();
        return entryId;
    }

    /// <summary>Records that many entries a millisecond apart and links them; the first is at position 1 of an empty chain.</summary>
    public async Task<List<Guid>> ChainedAsync(int count)
    {
        var ids = new List<Guid>();
        for (var i = 1; i <= count; i++)
        {
            Time.Advance(TimeSpan.FromMilliseconds(1));
            ids.Add(await RecordAsync(Entry(i.ToString(CultureInfo.InvariantCulture))));
        }
        Assert.Equal(count, await Chain.RunOnceAsync(CancellationToken.None));
        return ids;
    }

    public static AuditEntry Entry(string subject) => new("token:test", "test.do", subject, new JsonObject { ["n"] = subject }, "127.0.0.1");

    public Task<AuditVerdict> VerifyAsync(AuditHead? expected = null) => Verify.RunAsync(expected, CancellationToken.None);

    /// <summary>Runs SQL as the superuser with triggers off, as somebody would who wants to change history.</summary>
    public async Task TamperAsync(string sql)
    {
        await using var connection = await db.Owner.OpenConnectionAsync();
        await using var command = new NpgsqlCommand(
            $"set session_replication_role = replica; {sql}; set session_replication_role = origin", connection);
        await command.ExecuteNonQueryAsync();
    }

    public async Task<T> ReadAsync<T>(string sql)
    {
        await using var connection = await db.Owner.OpenConnectionAsync();
        return (await connection.ExecuteScalarAsync<T>(sql))!;
    }

    public void Dispose()
    {
        Chain.Dispose();
        Verify.Dispose();
        Metrics.Dispose();
        data.Dispose();
    }
}
