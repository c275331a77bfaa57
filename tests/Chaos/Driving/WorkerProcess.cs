using Chaos.World;
using Support;
using Support.Proxy;

namespace Chaos.Driving;

/// <summary>One engine process with chaos kinds, behind a proxy of its own; it can be started again and again.</summary>
public sealed class WorkerProcess : IAsyncDisposable
{
    /// <summary>The first argument that makes this program an engine.</summary>
    public const string Argument = "worker";

    /// <summary>How long the leases of its kinds are, as a time span; the engine's default when it is not set.</summary>
    public const string LeaseVariable = "CHAOS_LEASE";

    static readonly TimeSpan StopWithin = TimeSpan.FromSeconds(40);

    readonly Dictionary<string, string> environment;
    readonly string clockFile;
    RunningProgram? program;
    bool isDisposed;

    /// <param name="settings">On top of what makes it run: variables of the engine.</param>
    /// <param name="lease">Of the worker and of its kinds; null: the engine's own defaults.</param>
    /// <param name="dataFolder">Null: one of its own.</param>
    public WorkerProcess(string name, DurableCluster cluster, WorldServer world, string folder, TimeSpan? lease,
        IReadOnlyDictionary<string, string>? settings = null, string? dataFolder = null)
    {
        Name = name;
        Proxy = new TcpProxy(cluster.Port);
        DataFolder = Directory.CreateDirectory(dataFolder ?? Path.Combine(folder, name)).FullName;
        LogFile = Path.Combine(folder, $"{name}.log");
        clockFile = Path.Combine(DataFolder, "clock");
        environment = new Dictionary<string, string>
        {
            ["ENGINE_DATA"] = DataFolder,
            ["HOME"] = DataFolder,
            ["PATH"] = Environment.GetEnvironmentVariable("PATH") ?? "/usr/bin:/bin",
            ["ENGINE__HTTP__LISTEN"] = "http://127.0.0.1:0",
            ["ENGINE__DATABASE__CONNECTIONSTRING"] = cluster.Engine(Proxy.Port),
            ["ENGINE__DATABASE__OWNERCONNECTIONSTRING"] = cluster.Owner(Proxy.Port),
            ["ENGINE__LOGGING__FORMAT"] = "text",
            ["ENGINE__WORKERS__SLOTS"] = "8",
            ["DOTNET_gcServer"] = "0",
            [OutsideWorld.Variable] = world.Url,
        };
        if (lease is { } own) (environment["ENGINE__WORKERS__LEASE"], environment[LeaseVariable]) = ($"{own}", $"{own}");
        if (Environment.GetEnvironmentVariable("DOTNET_ROOT") is { } runtime) environment["DOTNET_ROOT"] = runtime;
        foreach (var (key, value) in settings ?? new Dictionary<string, string>()) environment[key] = value;
    }

    public string Name { get; }

    public TcpProxy Proxy { get; }

    public string DataFolder { get; }

    public string LogFile { get; }

    public int ProcessId => program?.ProcessId ?? 0;

    public bool IsRunning => !isDisposed && program is { HasExited: false };

    public int ExitCode => program!.ExitCode;

    /// <summary>How often it was started.</summary>
    public int Starts { get; private set; }

    /// <summary>What it has written so far, over all starts.</summary>
    public string Log => File.Exists(LogFile) ? File.ReadAllText(LogFile) : "";

    /// <summary>The last of that, without stack traces.</summary>
    public string LogEnd() => string.Join('\n', Log.Split('\n').Where(l => !l.StartsWith(' ')).TakeLast(30));

    /// <summary>Gives it a wall clock of its own, that of the host at first; without <c>faketime</c> it keeps the host's.</summary>
    /// <returns>Whether it has one.</returns>
    public bool FakeClock()
    {
        if (FakeTime.Library() is not { } library) return false;
        SkewClock(TimeSpan.Zero);
        foreach (var (key, value) in FakeTime.Variables(library, clockFile)) environment[key] = value;
        return true;
    }

    /// <summary>Moves its wall clock away from the host's by that much, at once.</summary>
    public void SkewClock(TimeSpan by) => File.WriteAllText(clockFile, string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{by.TotalSeconds:+0;-0;+0}\n"));

    /// <summary>Starts the process, without waiting for anything.</summary>
    public void Start()
    {
        program?.Dispose();
        Starts++;
        // Deaths are planned here: nobody needs their core dumps.
        program = RunningProgram.Start("sh", ["-c", """ulimit -c 0; log=$1; shift; exec "$@" >>"$log" 2>&1""", "sh", LogFile, Executable, Argument], environment);
    }

    public void Signal(string name) => program?.Signal(name);

    /// <summary>kill -9.</summary>
    public async Task KillAsync()
    {
        Signal("KILL");
        if (program is not null) await program.EndAsync(StopWithin);
    }

    /// <summary>SIGTERM, until it has ended.</summary>
    /// <returns>The exit code.</returns>
    public async Task<int> StopAsync()
    {
        Signal("CONT");
        Signal("TERM");
        return program is null ? 0 : (await program.EndAsync(StopWithin)).ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (isDisposed) return;
        isDisposed = true;
        program?.Dispose();
        await Proxy.DisposeAsync();
    }

    static string Executable { get; } = Path.Combine(AppContext.BaseDirectory, "chaos");
}
