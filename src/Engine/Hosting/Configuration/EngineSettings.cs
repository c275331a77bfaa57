using System.Collections;

namespace Engine.Hosting.Configuration;

/// <summary>All settings of one process, bound and checked together before anything starts.</summary>
public sealed class EngineSettings
{
    readonly Dictionary<Type, IChecked> records;

    EngineSettings(Dictionary<Type, IChecked> records, IReadOnlyDictionary<string, ConfiguredValue> values, string dataFolder, string? file) =>
        (this.records, Values, DataFolder, File) = (records, values, dataFolder, file);

    /// <summary>What was set and where, by key; keys that are absent stand at their default.</summary>
    public IReadOnlyDictionary<string, ConfiguredValue> Values { get; }

    /// <summary>Absolute path of the folder that the engine keeps its own files in.</summary>
    public string DataFolder { get; }

    /// <summary>The <c>engine.json</c> in use, or null.</summary>
    public string? File { get; }

    public T Get<T>() where T : IChecked => (T)records[typeof(T)];

    public object Get(Type type) => records[type];

    /// <exception cref="StartupException">Lists every problem of all sections at once.</exception>
    public static EngineSettings Load(string? configFile, IDictionary? environment = null)
    {
        var (settings, problems) = Check(configFile, environment ?? Environment.GetEnvironmentVariables());
        if (problems.Count == 0) return settings;
        throw new StartupException(
            $"The configuration has {problems.Count} problem{(problems.Count == 1 ? "" : "s")}:\n"
            + string.Join("\n", problems.Select(p => "  - " + p)),
            "correct them and start again; `engine config check` says whether all is well.");
    }

    /// <returns>The settings as far as they could be bound, and all problems; the settings must not be used when there are any.</returns>
    public static (EngineSettings Settings, IReadOnlyList<string> Problems) Check(string? configFile, IDictionary environment)
    {
        var problems = new List<string>();
        var dataFolder = Hosting.DataFolder.Locate(environment);
        var file = configFile ?? (environment["ENGINE_CONFIG"] as string is { Length: > 0 } named ? named : null)
            ?? InDataFolder(dataFolder);
        if (file is not null) file = Path.GetFullPath(file);
        var values = SettingSources.Read(file, environment, problems);
        var records = SettingsBinder.Bind(values, problems);
        return (new EngineSettings(records, values, dataFolder, file), problems);
    }

    // Never the current folder's: whoever wrote a checkout would decide what runs, and where tokens go.
    static string? InDataFolder(string dataFolder) => Path.Combine(dataFolder, "engine.json") is var file && System.IO.File.Exists(file) ? file : null;

    /// <summary>Registers every settings record itself, so that classes take the record they need.</summary>
    public void AddTo(IServiceCollection services)
    {
        services.AddSingleton(this);
        foreach (var (type, record) in records) services.AddSingleton(type, record);
    }
}
