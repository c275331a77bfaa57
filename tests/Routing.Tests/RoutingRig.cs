using Dapper;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Routing.Catalog;
using Routing.Providers;
using Support;

namespace Routing.Tests;

/// <summary>Catalog and providers of one process over a database, a clock that is moved by hand and a key ring.</summary>
sealed class RoutingRig : IDisposable
{
    public RoutingRig(TestDatabase db, ManualTime time, KeyRing? ring = null)
    {
        (Db, Time, Ring) = (db, time, ring ?? KeyRing.Parse(KeyRing.Generate()));
        Ask = new AskProvider(Http, time);
        Read = new ReadProviders(db.Source, Ring, Emulator);
        Sync = new SyncModels(db.Source, Ask, Read, time, NullLogger<SyncModels>.Instance);
        Test = new TestProvider(Read, Ask);
        Keys = new ProviderKeys(Read, NullLogger<ProviderKeys>.Instance);
        Catalog = new CurrentCatalog(new ReadCatalog(db.Source));
        Follow = new FollowChanges(db.Source, [Keys, Catalog], time, NullLogger<FollowChanges>.Instance);
        Keep = new KeepCredentials(db.Source, Ring, LongestCall, time, NullLogger<KeepCredentials>.Instance);
    }

    public static readonly TimeSpan LongestCall = TimeSpan.FromMinutes(15);

    public TestDatabase Db { get; }
    public ManualTime Time { get; }
    public KeyRing Ring { get; }
    public OwnEmulator Emulator { get; } = new();
    public ProviderHttp Http { get; } = new();
    public AskProvider Ask { get; }
    public ReadProviders Read { get; }
    public SyncModels Sync { get; }
    public TestProvider Test { get; }
    public ProviderKeys Keys { get; }
    public CurrentCatalog Catalog { get; }
    public FollowChanges Follow { get; }
    public KeepCredentials Keep { get; }

    public void Dispose() => Http.Dispose();

    public async Task<T> InTransactionAsync<T>(Func<NpgsqlConnection, NpgsqlTransaction, Task<T>> run)
    {
        await using var connection = await Db.Source.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        var result = await run(connection, transaction);
        await transaction.CommitAsync();
        return result;
    }

    public Task<ProviderPut> PutAsync(string name, Uri url, string kind = ProviderKinds.Emulator, long? version = null, bool isEnabled = true, bool isZeroRetention = false,
        string[]? regions = null, Dictionary<string, string>? headers = null) => InTransactionAsync((c, t) => new PutProvider(Time).RunAsync(c, t, name,
            new ProviderInput(kind, url.OriginalString, isEnabled, isZeroRetention, regions ?? [], headers ?? []), version, CancellationToken.None));

    public Task<CredentialStaged> StageAsync(string provider, string key) =>
        InTransactionAsync((c, t) => new StageCredential(Ring, Time).RunAsync(c, t, provider, key, "token:test", CancellationToken.None));

    public async Task<ProviderTest> VerifyAsync(string provider)
    {
        var test = (await Test.RunAsync(provider, CredentialStates.Staged, CancellationToken.None))!;
        await InTransactionAsync((c, t) => new JudgeCredential(Time).RunAsync(c, t, test, CancellationToken.None));
        return test;
    }

    public Task<CredentialMoved> PromoteAsync(string provider) => InTransactionAsync((c, t) => new PromoteCredential(Time).RunAsync(c, t, provider, CancellationToken.None));

    public Task<CredentialMoved> RollBackAsync(string provider) => InTransactionAsync((c, t) => new PromoteCredential(Time).RollBackAsync(c, t, provider, CancellationToken.None));

    /// <summary>Stages, tries and promotes.</summary>
    public async Task RotateAsync(string provider, string key)
    {
        Assert.IsType<CredentialStaged.Done>(await StageAsync(provider, key));
        Assert.True((await VerifyAsync(provider)).IsWorking);
        Assert.IsType<CredentialMoved.Done>(await PromoteAsync(provider));
    }

    public Task<ModelCorrected> CorrectAsync(string provider, string slug, ModelCorrection correction, long version = 1) =>
        InTransactionAsync((c, t) => new CorrectModel(Time).RunAsync(c, t, provider, slug, correction, version, "token:test", CancellationToken.None));

    public async Task<SyncReport> SyncAsync(string provider = "p", bool force = false) =>
        Assert.IsType<SyncOutcome.Done>(await Sync.RunAsync(provider, force, CancellationToken.None)).Report;

    public async Task<IReadOnlyList<T>> QueryAsync<T>(string sql, object? parameters = null)
    {
        await using var connection = await Db.Owner.OpenConnectionAsync();
        return [.. await connection.QueryAsync<T>(sql, parameters)];
    }

    public async Task<T?> ValueAsync<T>(string sql, object? parameters = null) => (await QueryAsync<T>(sql, parameters)).SingleOrDefault();
}
