using System.Net;
using System.Net.Sockets;

namespace Support;

/// <summary>
/// The engine as a process of its own: the executable that was built with the tests, with an environment that holds
/// nothing but what the test gives it.
/// </summary>
public sealed class EngineProcess : IAsyncDisposable
{
    static readonly TimeSpan StartWithin = TimeSpan.FromSeconds(60), StopWithin = TimeSpan.FromSeconds(30);

    readonly RunningProgram program;

    EngineProcess(RunningProgram program, Uri url, string dataFolder) => (this.program, Url, DataFolder) = (program, url, dataFolder);

    /// <summary>The executable <c>engine</c>.</summary>
    public static string Executable { get; } = Path.Combine(AppContext.BaseDirectory, "engine");

    public Uri Url { get; }

    public string DataFolder { get; }

    public int ProcessId => program.ProcessId;

    /// <summary>What it has written so far, to both outputs.</summary>
    public string Log => program.Output + program.Error;

    /// <summary>The token of the first start.</summary>
    public string AdminToken => File.ReadAllText(Path.Combine(DataFolder, "admin-token")).Trim();

    /// <summary>Starts <c>engine run</c> on a free port and waits until it is ready.</summary>
    /// <param name="variables">On top of <c>ENGINE_DATA</c> and the address.</param>
    public static async Task<EngineProcess> StartAsync(string dataFolder, IReadOnlyDictionary<string, string>? variables = null)
    {
        var url = new Uri($"http://127.0.0.1:{FreePort()}");
        var program = RunningProgram.Start(Executable, ["run"], Environment(dataFolder, variables, ("ENGINE__HTTP__LISTEN", url.GetLeftPart(UriPartial.Authority))));
        var engine = new EngineProcess(program, url, dataFolder);
        try
        {
            using var client = new HttpClient { BaseAddress = url, Timeout = TimeSpan.FromSeconds(5) };
            await Eventually.TrueAsync(async () => program.HasExited
                ? throw new InvalidOperationException($"engine run ended with {program.ExitCode}:\n{engine.Log}") : await IsReadyAsync(client),
                StartWithin, "the engine is ready");
            return engine;
        }
        catch
        {
            await engine.KillAsync();
            throw;
        }
    }

    /// <summary>Runs one command to its end.</summary>
    /// <param name="through">A program and its arguments that the engine is started by, such as <c>faketime</c>.</param>
    public static async Task<ProgramRun> RunAsync(string dataFolder, IReadOnlyDictionary<string, string>? variables, string[] args, params string[] through)
    {
        string[] line = [.. through, Executable, .. args];
        using var program = RunningProgram.Start(line[0], line[1..], Environment(dataFolder, variables));
        return await program.EndAsync(StartWithin);
    }

    /// <summary>Runs one command against this engine, with its admin token.</summary>
    public Task<ProgramRun> CommandAsync(params string[] args) =>
        RunAsync(DataFolder, new Dictionary<string, string> { ["ENGINE_URL"] = Url.ToString() }, args);

    /// <summary>Asks it to stop by SIGTERM and waits until it has.</summary>
    /// <returns>Its exit code.</returns>
    public async Task<int> StopAsync()
    {
        program.Signal("TERM");
        return (await program.EndAsync(StopWithin)).ExitCode;
    }

    /// <summary>Ends it as a crash does: <c>kill -9</c>, this process alone. A PostgreSQL that it started lives on.</summary>
    public async Task KillAsync()
    {
        program.Signal("KILL");
        await program.EndAsync(StopWithin);
    }

    public void Signal(string name) => program.Signal(name);

    public async ValueTask DisposeAsync()
    {
        if (!program.HasExited) await StopAsync();
        program.Dispose();
    }

    /// <summary>A port that is free now and that no outgoing connection takes: below the range the system gives those.</summary>
    public static int FreePort()
    {
        const int Lowest = 10_000, Count = 20_000;
        for (var attempt = 0; attempt < Count; attempt++)
        {
            var port = Lowest + (System.Environment.ProcessId * 97 + Interlocked.Increment(ref portsTried)) % Count;
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
                return port;
            }
            catch (SocketException)
            {
                // Taken: the next one.
            }
        }
        throw new InvalidOperationException("No port is free.");
    }

    static int portsTried;

    static async Task<bool> IsReadyAsync(HttpClient client)
    {
        try
        {
            using var response = await client.GetAsync(new Uri("/health/ready", UriKind.Relative));
            return response.IsSuccessStatusCode;
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
        {
            return false; // it does not listen yet
        }
    }

    static Dictionary<string, string> Environment(
        string dataFolder, IReadOnlyDictionary<string, string>? variables, params (string Name, string Value)[] more)
    {
        var environment = new Dictionary<string, string>
        {
            ["ENGINE_DATA"] = dataFolder,
            ["HOME"] = dataFolder,
            ["PATH"] = System.Environment.GetEnvironmentVariable("PATH") ?? "/usr/bin:/bin",
        };
        if (System.Environment.GetEnvironmentVariable("DOTNET_ROOT") is { } runtime) environment["DOTNET_ROOT"] = runtime;
        foreach (var (name, value) in more) environment[name] = value;
        foreach (var (name, value) in variables ?? new Dictionary<string, string>()) environment[name] = value;
        return environment;
    }
}
