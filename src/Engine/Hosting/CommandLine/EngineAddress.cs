using System.Collections;
using System.Net;
using System.Text.Json;
using Engine.Access;
using Engine.Hosting.Configuration;
using Engine.Http;

namespace Engine.Hosting.CommandLine;

/// <summary>Which engine a command talks to, and as whom.</summary>
/// <param name="Token">Null when none was given or found.</param>
/// <param name="TokenOrigin">Where the token came from, for messages: a file's path or a variable's name.</param>
public sealed record EngineAddress(Uri Url, string? Token, string? TokenOrigin)
{
    public const string Default = "http://127.0.0.1:7410";

    public const string TokenHint = "name a file that holds it with --token-file, ENGINE_TOKEN_FILE or token_file in the client's configuration, or set ENGINE_TOKEN.";

    public bool IsLoopback => Url.IsLoopback;

    /// <summary>Where this machine reaches what listens at an endpoint: "any address" is no address to ask.</summary>
    public static Uri Reaching(IPEndPoint endpoint)
    {
        var address = endpoint.Address.Equals(IPAddress.Any) ? IPAddress.Loopback
            : endpoint.Address.Equals(IPAddress.IPv6Any) ? IPAddress.IPv6Loopback : endpoint.Address;
        return new Uri($"http://{new IPEndPoint(address, endpoint.Port)}");
    }

    /// <summary>
    /// Flags before the environment before <c>cli.json</c> before this machine's own engine. A token is sent only where it was
    /// meant for: that of <c>cli.json</c> to the address beside it, the local admin token to where this data folder's engines listen.
    /// </summary>
    /// <exception cref="CommandException">Something was given and cannot be used.</exception>
    public static EngineAddress Find(string? url, string? tokenFile, string? configFile, IDictionary environment)
    {
        var file = ReadFile(environment);
        var chosen = Choose(url, file, configFile, environment);

        if (tokenFile is not null) return new EngineAddress(chosen, Read(tokenFile), tokenFile);
        if (Variable(environment, "ENGINE_TOKEN") is { } token) return new EngineAddress(chosen, Clean(token, "ENGINE_TOKEN"), "ENGINE_TOKEN");
        if (Variable(environment, "ENGINE_TOKEN_FILE") is { } named) return new EngineAddress(chosen, Read(named), named);
        if (file?.TokenFile is { } kept && (file.Url is null ? chosen.IsLoopback : Parse(file.Url).Authority == chosen.Authority))
            return new EngineAddress(chosen, Read(kept), kept);

        var admin = AdminTokenFile(environment);
        return IsThisMachines(chosen, environment) && IsReadable(admin) ? new EngineAddress(chosen, Read(admin), admin) : new EngineAddress(chosen, null, null);
    }

    /// <summary>As <see cref="Find"/>, but without a token: for what anybody may ask. No token is looked for.</summary>
    public static EngineAddress WithoutToken(string? url, string? configFile, IDictionary environment) =>
        new(Choose(url, ReadFile(environment), configFile, environment), null, null);

    /// <summary>Where the first start leaves the first token.</summary>
    public static string AdminTokenFile(IDictionary environment) => FirstToken.PathIn(DataFolder.Locate(environment));

    /// <summary>The client's own configuration file: <c>cli.json</c> under the user's configuration home.</summary>
    public static string File(IDictionary environment)
    {
        var home = environment["XDG_CONFIG_HOME"] as string is { Length: > 0 } xdg ? xdg
            : Path.Combine(environment["HOME"] as string is { Length: > 0 } own ? own : "/", ".config");
        return Path.Combine(home, "autonomy-engine", "cli.json");
    }

    static Uri Choose(string? url, ClientFile? file, string? configFile, IDictionary environment) =>
        (url ?? Variable(environment, "ENGINE_URL") ?? file?.Url) is { } named ? Parse(named) : Local(configFile, environment);

    static string? Variable(IDictionary environment, string name) => environment[name] as string is { Length: > 0 } value ? value : null;

    // Any program can listen on a loopback port; the admin token goes only to where this data folder's engines do.
    static bool IsThisMachines(Uri url, IDictionary environment) => Listening(environment).Any(address => address.Authority == url.Authority);

    static IEnumerable<Uri> Listening(IDictionary environment) =>
        ListeningFile.Read(DataFolder.Locate(environment)).Select(Reaching).Where(address => address.IsLoopback);

    // Where this data folder's newest engine said that it listens; else what one started here would listen on (a broken
    // configuration is for `engine config check` to tell). Only this very machine counts as "here": a token must not follow a
    // configured address to another one.
    static Uri Local(string? configFile, IDictionary environment) => Listening(environment).LastOrDefault()
        ?? EngineSettings.Check(configFile, environment).Settings.Get<HttpSettings>().Listen.Select(HttpSettings.Endpoint)
            .Where(endpoint => endpoint is { Port: > 0 }).Select(endpoint => Reaching(endpoint!)).FirstOrDefault(address => address.IsLoopback)
        ?? new Uri(Default);

    static Uri Parse(string url)
    {
        if (Uri.TryCreate(url, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" && uri.UserInfo.Length == 0) return uri;
        throw new CommandException(ExitCode.Misuse, $"The engine's address must be http://HOST:PORT or https://HOST[:PORT], is \"{url}\".",
            "correct --url, ENGINE_URL or url in the client's configuration.");
    }

    static ClientFile? ReadFile(IDictionary environment)
    {
        var path = File(environment);
        if (!System.IO.File.Exists(path)) return null;
        try
        {
            using var document = JsonDocument.Parse(System.IO.File.ReadAllBytes(path));
            string? url = null, tokenFile = null;
            foreach (var member in document.RootElement.EnumerateObject())
            {
                if (member.NameEquals("url")) url = member.Value.GetString();
                else if (member.NameEquals("token_file")) tokenFile = member.Value.GetString();
                else throw new JsonException($"\"{member.Name}\" is not known; url and token_file are");
            }
            return new ClientFile(url, tokenFile is null ? null : Path.Combine(Path.GetDirectoryName(path)!, tokenFile));
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or IOException or UnauthorizedAccessException)
        {
            throw new CommandException(ExitCode.Misuse, $"{path} cannot be used: {e.Message}",
                "make it { \"url\": \"https://engine.example.com\", \"token_file\": \"/path/to/token\" }, or remove it.", e);
        }
    }

    static bool IsReadable(string path)
    {
        try
        {
            using var stream = System.IO.File.OpenRead(path);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false; // another user's engine, or none yet: then the command goes without a token
        }
    }

    static string Read(string path)
    {
        try
        {
            return Clean(System.IO.File.ReadAllText(path), path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandException(ExitCode.Misuse, $"The token file {path} cannot be read: {e.Message}", TokenHint, e);
        }
    }

    // The token itself must not appear in the message.
    static string Clean(string text, string origin)
    {
        var token = text.Trim();
        return token.Length is > 0 and <= 500 && token.All(c => c is > ' ' and <= '~') ? token
            : throw new CommandException(ExitCode.Misuse, $"{origin} does not hold a token: one line of printable characters is expected.", TokenHint);
    }

    sealed record ClientFile(string? Url, string? TokenFile);
}
