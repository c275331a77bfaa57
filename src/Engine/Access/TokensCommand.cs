using System.CommandLine;
using System.Text.Json.Nodes;
using Engine.Hosting.CommandLine;

namespace Engine.Access;

/// <summary><c>engine tokens</c>: who may call the engine.</summary>
static class TokensCommand
{
    public static Command Create(CommandFrame frame) => new("tokens", "API tokens: who may call the engine, and as what.")
    {
        CreateToken(frame), List(frame), Revoke(frame),
    };

    static DocumentedCommand CreateToken(CommandFrame frame)
    {
        var name = new Option<string>("--name") { Description = "What the token is for, up to 100 characters.", HelpName = "NAME", Required = true };
        var role = new Option<string>("--role")
        {
            Description = "reader (look), operator (steer), approver (look and decide) or admin (all).", HelpName = "ROLE", Required = true,
        };
        role.OneOf([.. Roles.All]);
        var tenant = new Option<string?>("--tenant") { Description = "Whose the token is: a label shown with it and kept in the audit log.", HelpName = "TENANT" };
        var expires = new Option<string?>("--expires") { Description = $"When it ends: {Expiry.Form}; never by default.", HelpName = "WHEN" };
        expires.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string?>() is { } text && Expiry.Read(text, frame.Time.GetUtcNow()) is null)
                result.AddError($"--expires must be in the future, as {Expiry.Form}, is \"{text}\".");
        });
        var quiet = new Option<bool>("--quiet") { Description = "Print the token alone." };

        var command = frame.Remote("create", "Make a token and print it once; the engine keeps only its hash.",
            "engine tokens create --name ci --role operator --expires 30d\n"
            + "(umask 077; engine tokens create --name ci --role reader --quiet > token)",
            async (client, parse, ct) =>
            {
                var now = frame.Time.GetUtcNow();
                var body = new JsonObject { ["name"] = parse.GetValue(name), ["role"] = parse.GetValue(role) };
                if (parse.GetValue(tenant) is { } t) body["tenant"] = t;
                if (parse.GetValue(expires) is { } e) body["expires_at"] = Expiry.Read(e, now)!.Value.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", null);
                var reply = await client.SendAsync(HttpMethod.Post, "/api/tokens", body, ct, ("Idempotency-Key", $"{Guid.CreateVersion7(now)}"));
                var token = reply.Document;
                if (parse.GetValue(frame.Json)) frame.Terminal.Json(token);
                else if (parse.GetValue(quiet)) frame.Terminal.Say(token.Text("token"));
                else
                {
                    frame.Terminal.Facts([.. Facts.Select(f => (f.Column, token.Text(f.Member))), ("Token", token.Text("token"))]);
                    frame.Terminal.Note("The token is not shown again: the engine keeps only its hash.");
                }
                return ExitCode.Done;
            });
        foreach (var option in new Option[] { name, role, tenant, expires, quiet }) command.Add(option);
        return command;
    }

    static readonly (string Column, string Member)[] Facts =
    [
        ("Id", "token_id"), ("Prefix", "prefix"), ("Name", "name"), ("Role", "role"), ("Tenant", "tenant"), ("Expires", "expires_at"),
    ];

    static DocumentedCommand List(CommandFrame frame)
    {
        var limit = Paging.Limit();
        (string Column, string Member)[] columns =
            [.. Facts, ("Created", "created_at"), ("By", "created_by"), ("Last used", "last_used_at"), ("Revoked", "revoked_at")];
        var command = frame.Remote("list", "List the tokens, newest first; never their secrets.", "engine tokens list",
            (client, parse, ct) => client.ListAsync(frame, parse, "/api/tokens", parse.GetValue(limit),
                [.. columns.Select(c => c.Column)], token => [.. columns.Select(c => token.Text(c.Member))], ct));
        command.Add(limit);
        return command;
    }

    static DocumentedCommand Revoke(CommandFrame frame)
    {
        var id = new Argument<string>("token") { Description = "The token's id or prefix, as `engine tokens list` shows them." };
        id.Validators.Add(result =>
        {
            if (result.Tokens is [var given] && !Guid.TryParse(given.Value, out _) && !ApiToken.IsPrefix(Prefix(given.Value)))
                result.AddError($"token must be an id or a prefix as `engine tokens list` shows them, is \"{given.Value}\".");
        });
        var command = frame.Remote("revoke", "End a token at once and for good.",
            "engine tokens revoke k3jx9abc\nengine tokens revoke 01980000-0000-7000-8000-000000000000",
            async (client, parse, ct) =>
            {
                var named = parse.GetRequiredValue(id);
                var token = Guid.TryParse(named, out var given) ? given : await FindAsync(client, named, ct);
                await client.SendAsync(HttpMethod.Delete, $"/api/tokens/{token}", null, ct);
                if (parse.GetValue(frame.Json)) frame.Terminal.Json(json =>
                {
                    json.WriteStartObject();
                    json.WriteString("revoked", token);
                    json.WriteEndObject();
                });
                else frame.Terminal.Say($"Token {token} is revoked.");
                return ExitCode.Done;
            });
        command.Add(id);
        return command;
    }

    static string Prefix(string named) => named.StartsWith("token:", StringComparison.Ordinal) ? named["token:".Length..] : named;

    /// <param name="named">A prefix, or what the audit log calls it: <c>token:k3jx9abc</c>.</param>
    static async Task<Guid> FindAsync(EngineClient client, string named, CancellationToken ct)
    {
        var prefix = Prefix(named);
        string? next = null;
        do
        {
            var page = (await client.GetAsync($"/api/tokens?limit=200{(next is null ? "" : $"&page_token={Uri.EscapeDataString(next)}")}", ct)).Document;
            foreach (var token in page.Items())
                if (token.Text("prefix") == prefix) return token.GetProperty("token_id").GetGuid();
            next = page.TryGetProperty("next_page_token", out var more) ? more.GetString() : null;
        }
        while (next is not null);
        throw new CommandException(ExitCode.Refused, $"There is no token with the id or prefix \"{named}\".", "`engine tokens list` shows them.");
    }
}
