using System.Net;
using System.Net.Sockets;
using Engine.Access;
using Engine.Database;
using Engine.Hosting.Configuration;
using Engine.Hosting.Logging;
using Engine.Http;

namespace Engine.Hosting;

/// <summary>One running engine, from settings to a listening server and back.</summary>
public sealed class EngineHost : IAsyncDisposable
{
    static readonly TimeSpan StopWithin = TimeSpan.FromSeconds(20);

    readonly EngineDatabase database;

    readonly string dataFolder;

    EngineHost(EngineDatabase database, WebApplication app, string dataFolder) =>
        (this.database, App, this.dataFolder) = (database, app, dataFolder);

    public WebApplication App { get; }

    /// <summary>Where it listens, with the port that was really taken.</summary>
    public IReadOnlyList<Uri> Addresses =>
        [.. App.Urls.Select(a => new Uri(a))];

    /// <summary>Runs until the token fires, then stops in order.</summary>
    /// <returns>The exit code.</returns>
    /// <exception cref="StartupException">It cannot start, for a reason that a person can mend.</exception>
    public static async Task<int> RunAsync(EngineSettings settings, Action<IServiceCollection>? additions, CancellationToken ct)
    {
        try
        {
            await using var host = await StartAsync(settings, additions, ct);
            var ending = host.App.Lifetime.ApplicationStopping; // a background service that faults stops the application
            using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, ending);
            await Task.Delay(Timeout.Infinite, either.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return ct.IsCancellationRequested ? 0 : 1;
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            return 0; // told to stop while starting: whatever had started was stopped again
        }
    }

    /// <summary>Opens the database, builds the application and starts to listen.</summary>
    /// <param name="additions">What is registered besides the engine's own slices; null: nothing.</param>
    public static async Task<EngineHost> StartAsync(EngineSettings settings, Action<IServiceCollection>? additions, CancellationToken ct)
    {
        DataFolder.Create(settings.DataFolder);
        var http = settings.Get<HttpSettings>();
        await RequireFreePortsAsync(http, ct);
        using var loggers = EngineLogging.CreateFactory(settings.Get<LoggingSettings>());
        var database = await EngineDatabase.OpenAsync(settings, loggers, ct);
        WebApplication? app = null;
        try
        {
            app = Build(settings, database, additions);
            await app.Services.GetRequiredService<FirstToken>().RunAsync(settings.DataFolder, ct);
            await app.StartAsync(ct);
            var host = new EngineHost(database, app, settings.DataFolder);
            ListeningFile.Add(settings.DataFolder, host.Addresses);
            host.SayWhere(settings);
            return host;
        }
        catch
        {
            try
            {
                if (app is not null) await GiveUpAsync(app);
            }
            finally
            {
                await database.DisposeAsync();
            }
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        var log = App.Services.GetRequiredService<ILogger<EngineHost>>();
        log.Stopping();
        var addresses = Addresses;
        try
        {
            using var limit = new CancellationTokenSource(StopWithin);
            await App.StopAsync(limit.Token);
            ListeningFile.Remove(dataFolder, addresses);
        }
        catch (Exception e) // one part that cannot stop must not keep the database from being stopped
        {
            log.StoppedBadly(e);
        }
        try
        {
            await App.DisposeAsync();
        }
        finally
        {
            await database.DisposeAsync();
        }
    }

    /// <summary>A start that is broken off may have begun to work: tasks that a worker has taken go back.</summary>
    static async Task GiveUpAsync(WebApplication app)
    {
        await using (app)
        {
            using var limit = new CancellationTokenSource(StopWithin);
            try
            {
                await app.StopAsync(limit.Token);
            }
            catch (Exception e) // why it did not start is what is told
            {
                app.Services.GetRequiredService<ILogger<EngineHost>>().StoppedBadly(e);
            }
        }
    }

    void SayWhere(EngineSettings settings)
    {
        var log = App.Services.GetRequiredService<ILogger<EngineHost>>();
        log.Ready(EngineVersion.Text, string.Join(", ", Addresses.Select(a => a.GetLeftPart(UriPartial.Authority))), database.Embedded is { } embedded
            ? $"its own PostgreSQL {database.ServerVersion} in {embedded.DataFolder}" : $"PostgreSQL {database.ServerVersion}");
        var token = FirstToken.PathIn(settings.DataFolder);
        if (File.Exists(token)) log.AdminTokenLiesIn(token);
        if (settings.Get<HttpSettings>() is { BehindTls: true, TrustedProxies.Count: 0 }) log.ProxyIsNotTrusted();
    }

    static WebApplication Build(EngineSettings settings, EngineDatabase database, Action<IServiceCollection>? additions)
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory, EnvironmentName = "Production" });
        builder.Configuration.Sources.Clear(); // settings come from EngineSettings alone
        builder.Services.AddSingleton<IHostLifetime, SignalsAreTheCommandLines>();
        builder.Logging.AddEngineLogging(settings.Get<LoggingSettings>());
        settings.AddTo(builder.Services);
        builder.AddHttp(settings.Get<HttpSettings>());
        builder.Services.AddEngine(database, settings);
        additions?.Invoke(builder.Services);

        var app = builder.Build();
        app.UseHttp(settings.Get<HttpSettings>());
        app.UseAccess();
        app.UseOversizedBodies(settings.Get<HttpSettings>());
        app.MapEngine();
        return app;
    }

    /// <summary>Told before the database is started, which takes longer than a look.</summary>
    static async Task RequireFreePortsAsync(HttpSettings http, CancellationToken ct)
    {
        foreach (var address in http.Listen)
        {
            var endpoint = HttpSettings.Endpoint(address)!;
            try
            {
                using var probe = new Socket(endpoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
                probe.Bind(endpoint);
            }
            catch (SocketException e)
            {
                throw new StartupException(
                    e.SocketErrorCode == SocketError.AddressAlreadyInUse
                        ? $"Port {endpoint.Port} on {endpoint.Address} is taken by {(await IsEngineAsync(endpoint, ct) ? "an engine that runs already (see `engine status`)" : "another process")}."
                        : $"The engine cannot listen on {address}: {e.Message}.",
                    $"stop what holds it (`ss -ltnp 'sport = :{endpoint.Port}'` shows it), or set ENGINE__HTTP__LISTEN=http://{endpoint.Address}:{NextPort(endpoint)}.", e);
            }
        }
    }

    static async Task<bool> IsEngineAsync(IPEndPoint endpoint, CancellationToken ct)
    {
        try
        {
            using var client = new HttpClient { Timeout = TimeSpan.FromSeconds(1) };
            return (await client.GetStringAsync(new Uri($"http://{endpoint}/health/live"), ct)).Contains("\"live\"", StringComparison.Ordinal);
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException && !ct.IsCancellationRequested)
        {
            return false; // something else, then
        }
    }

    static int NextPort(IPEndPoint endpoint) => endpoint.Port is > 0 and < 65535 ? endpoint.Port + 1 : 7411;

    sealed class SignalsAreTheCommandLines : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;
        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
