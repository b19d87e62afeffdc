// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {HeldOutBatches} from "./HeldOutBatches.sol";
import {ContributionBonds} from "./ContributionBonds.sol";
import {NodeRegistry} from "./NodeRegistry.sol";
import {Rosters} from "./Rosters.sol";
import {StatementReader} from "./StatementReader.sol";
import {Statements} from "./Statements.sol";

/// @title Datanets: who hosts and validates them, in which order their contributions came, and their versions' roots.
/// @notice A Datanet's validators are its roster. Rosters have numbers from 1 on, and whatever is decided by one names
/// it: contributions, versions, and the epochs of the AttributionAnchor. A sitting roster hands over to the next by
/// more than two thirds of its own weight. A dead one is replaced by the host: it says whom by long before, and if no
/// more than a third of the weight is against it until then, they sit.
/// Rules have numbers, too: whatever is put forward in their place names the rules it follows and the roster it asks,
/// and they are set by more than two thirds of that roster's weight. Their text goes through the chain, so that it is
/// to be had wherever the chain is; what it may not change, its readers know (protocol/data/amendment.ts). The host
/// hands over to whoever accepts.
contract DatanetRegistry is StatementReader, Rosters, HeldOutBatches {
    using Statements for Statements.Datanet;
    using Statements for Statements.Commitment;
    using Statements for Statements.Vote;
    using Statements for Statements.Version;

    /// @param roster number of the one that sits
    /// @param rulesNumber of the rules in force: contributions are judged by those of when they were committed
    /// @param announced when the host last put one forward that silence can seat
    /// @param rules hash of their text
    /// @param nextHost whom the host has named, until that one accepts
    /// @param announcement the one that silence can seat: there is none beside it
    struct Datanet {
        address host;
        uint32 version;
        uint32 roster;
        uint32 rulesNumber;
        uint64 commitments;
        uint64 announced;
        bytes32 rules;
        address nextHost;
        bytes32 announcement;
    }

    /// @notice A roster that was put forward.
    /// @param follows number of the roster that sat then; once another sits nothing comes of this
    /// @param silentAt when the silence of the sitting roster is enough; 0 if its consent is needed
    struct Succession {
        bytes32 datanet;
        bytes32 members;
        uint32 follows;
        uint64 silentAt;
        uint128 consent;
        uint128 against;
    }

    /// @notice Rules that were put forward.
    /// @param number that they would have; once others have it nothing comes of these
    /// @param roster number of the one that is asked; once another sits nothing comes of them either
    struct Amendment {
        bytes32 datanet;
        bytes32 rules;
        uint32 number;
        uint32 roster;
        uint128 consent;
        uint128 against;
    }

    /// @param committedAt from then on the time runs in which its decision can be challenged
    struct Contribution {
        bytes32 datanet;
        address contributor;
        uint32 index;
        uint32 committedAt;
        uint32 roster;
        bytes32 commitment;
    }

    struct Anchored {
        bytes32 root;
        uint32 count;
        uint32 roster;
        string cid;
    }

    /// @notice No Datanet's rules let a vote take longer, so that evidence of two votes reaches stakes in time.
    uint64 public constant LONGEST_VOTE = 7 days;
    /// @notice Bytes of a text of rules.
    uint256 public constant MAX_RULES = 16_384;
    /// @notice Rules that a Datanet has one after another, so that reading all there were stays cheap.
    uint32 public constant MAX_RULES_NUMBER = 256;

    /// @notice Where what contributors lock with their commitments is held.
    ContributionBonds public immutable bonds;
    /// @notice Seconds for which a roster must be silent about its replacement to count as dead.
    uint64 public immutable rosterSilence;

    mapping(bytes32 id => Datanet) private _datanets;
    mapping(bytes32 succession => Succession) public successionOf;
    mapping(bytes32 succession => mapping(address validator => bool)) public spoke;
    mapping(bytes32 amendment => Amendment) public amendmentOf;
    mapping(bytes32 amendment => mapping(address validator => bool)) public spokeOnRules;
    mapping(bytes32 id => Contribution) private _contributions;
    mapping(bytes32 datanet => mapping(uint32 version => Anchored)) private _versions;
    mapping(bytes32 contribution => mapping(address validator => bool)) public punished;

    /// @notice With the roster, so that whoever follows the chain need not ask for it.
    event DatanetCreated(
        bytes32 indexed datanet,
        address indexed host,
        bytes32 rules,
        uint64 createdAt,
        address[] validators,
        uint96[] weights
    );
    event RosterProposed(
        bytes32 indexed datanet,
        bytes32 indexed succession,
        address indexed by,
        uint32 follows,
        uint64 silentAt,
        address[] validators,
        uint96[] weights
    );
    event RosterSpoken(
        bytes32 indexed succession, address indexed validator, bool consents, uint128 consent, uint128 against
    );
    /// @notice With the text, which the chain keeps for whoever reads it.
    event RulesProposed(
        bytes32 indexed datanet,
        bytes32 indexed amendment,
        address indexed by,
        uint32 number,
        uint32 roster,
        bytes32 follows,
        string text
    );
    event RulesSpoken(
        bytes32 indexed amendment, address indexed validator, bool consents, uint128 consent, uint128 against
    );
    event RulesSet(bytes32 indexed datanet, uint32 indexed number, bytes32 indexed amendment, bytes32 rules);
    /// @notice `next` is nobody where the host takes it back.
    event HostNamed(bytes32 indexed datanet, address indexed host, address indexed next);
    event HostChanged(bytes32 indexed datanet, address indexed from, address indexed host);
    event Committed(
        bytes32 indexed datanet,
        bytes32 indexed contribution,
        address indexed contributor,
        bytes32 commitment,
        uint64 index
    );
    event VersionAnchored(bytes32 indexed datanet, uint32 indexed version, bytes32 root, uint32 count, string cid);
    event DoubleVote(
        bytes32 indexed contribution, address indexed validator, address indexed reporter, uint256 slashed
    );

    error AlreadyExists(bytes32 id);
    error UnknownDatanet(bytes32 datanet);
    error UnknownContribution(bytes32 contribution);
    error UnbondingTooShort(uint64 unbondDelay);
    error NotEnoughStake(uint256 staked);
    error NobodyHere(address caller);
    error AlreadyPutForward(bytes32 succession);
    error AnotherSits(uint32 roster);
    error AlreadySpoke(address validator);
    error NotDecided(uint64 silentAt);
    error BadRules(uint256 length);
    error LastRules(uint32 number);
    error OthersInForce(uint32 number, uint32 roster);
    error NotTheHost(address host);
    error AlreadyHost(address host);
    error NotNamed(address next);
    error AlreadyCommitted(bytes32 contribution, uint64 index);
    error OtherRules(bytes32 inForce);
    error CommitmentTooLate(uint64 deadline);
    error VersionOutOfOrder(uint32 expected);
    error EmptyVersion();
    error NoDoubleVote();
    error NotAValidator(address validator);
    error AlreadyPunished(bytes32 contribution, address validator);

    constructor(NodeRegistry registry_, uint64 rosterSilence_) StatementReader(address(registry_)) Rosters(registry_) {
        if (registry_.unbondDelay() <= LONGEST_VOTE) revert UnbondingTooShort(registry_.unbondDelay());
        rosterSilence = rosterSilence_;
        bonds = new ContributionBonds(this, registry_.token());
    }

    /// @notice The sender is the host. The roster stands in no signed statement (only in the rules behind a hash), so a
    /// relayer could put in another: hence no relaying here.
    /// @return id the digest of the host's `Datanet` statement
    function create(bytes32 rules, uint64 createdAt, address[] calldata validators, uint96[] calldata weights)
        external
        returns (bytes32 id)
    {
        id = _digest(Statements.Datanet(msg.sender, rules, createdAt).hash());
        Datanet storage datanet = _datanets[id];
        if (datanet.host != address(0)) revert AlreadyExists(id);
        datanet.host = msg.sender;
        datanet.rules = rules;
        datanet.rulesNumber = 1;
        datanet.roster = 1;
        uint96[] memory weighed = _seat(id, 1, validators, weights);
        emit DatanetCreated(id, msg.sender, rules, createdAt, validators, weighed);
    }

    /// @notice The host or a sitting validator puts the next roster forward. A host's waits for consent or, at the
    /// latest, for the silence of the sitting one; a validator's for consent, and so does all that a host puts forward
    /// beside the one that is announced: who is alive has one thing to answer at a time.
    function proposeRoster(bytes32 datanet, address[] calldata validators, uint96[] calldata weights)
        external
        returns (bytes32 succession)
    {
        Datanet storage datanet_ = _known(datanet);
        bool host = msg.sender == datanet_.host;
        if (!host && weightOf(datanet, msg.sender) == 0) revert NobodyHere(msg.sender);
        bool announces = host && block.timestamp >= datanet_.announced + rosterSilence;
        _requireRoster(datanet, validators, weights);
        bytes32 members = _membersOf(validators, weights);
        succession = keccak256(abi.encode(datanet, datanet_.roster, msg.sender, members));
        if (successionOf[succession].members != 0) revert AlreadyPutForward(succession);
        uint64 silentAt = announces ? uint64(block.timestamp) + rosterSilence : 0;
        if (announces) (datanet_.announced, datanet_.announcement) = (uint64(block.timestamp), succession);
        successionOf[succession] = Succession(datanet, members, datanet_.roster, silentAt, 0, 0);
        emit RosterProposed(datanet, succession, msg.sender, datanet_.roster, silentAt, validators, weights);
    }

    /// @notice A sitting, staked validator is for or against what was put forward, once.
    function speakOnRoster(bytes32 succession, bool consents) external {
        Succession storage next = _open(succession);
        uint96 weight = votingWeightOf(next.datanet, next.follows, msg.sender);
        if (weight == 0) revert NotAValidator(msg.sender);
        if (spoke[succession][msg.sender]) revert AlreadySpoke(msg.sender);
        spoke[succession][msg.sender] = true;
        if (consents) next.consent += weight;
        else next.against += weight;
        emit RosterSpoken(succession, msg.sender, consents, next.consent, next.against);
    }

    /// @notice Seats a roster that was decided on: more than two thirds of the sitting one's weight consent, or the
    /// host announced it, the silence is over (and not for long: an old announcement is none), and no more than a third
    /// is against it. Anyone may. Whoever takes a seat has its stake by then.
    function seatRoster(bytes32 succession, address[] calldata validators, uint96[] calldata weights) external {
        Succession storage next = _open(succession);
        if (next.members != _membersOf(validators, weights)) revert BadRoster();
        uint256 total = _rosters[next.datanet][next.follows].totalWeight;
        Datanet storage datanet = _datanets[next.datanet];
        // What a host announced that has handed over since, or has announced another, counts no more.
        bool announced = datanet.announcement == succession;
        bool silent = announced && block.timestamp >= next.silentAt && block.timestamp < next.silentAt + rosterSilence;
        bool dead = silent && uint256(next.against) * 3 <= total;
        if (uint256(next.consent) * 3 <= total * 2 && !dead) revert NotDecided(next.silentAt);
        for (uint256 i = 0; i < validators.length; i++) {
            uint256 staked = registry.stakeOf(validators[i]);
            if (staked < registry.minStake()) revert NotEnoughStake(staked);
        }
        uint96[] memory weighed = _seat(next.datanet, ++datanet.roster, validators, weights);
        emit RosterSeated(next.datanet, datanet.roster, datanet.roster, validators, weighed);
    }

    /// @notice The host or a sitting validator puts other rules forward: those that follow the ones in force, if the
    /// roster that sits agrees to them. There may be several at a time; the first to be agreed to are set.
    function proposeRules(bytes32 datanet, string calldata text) external returns (bytes32 amendment) {
        Datanet storage datanet_ = _known(datanet);
        if (msg.sender != datanet_.host && weightOf(datanet, msg.sender) == 0) revert NobodyHere(msg.sender);
        if (bytes(text).length == 0 || bytes(text).length > MAX_RULES) revert BadRules(bytes(text).length);
        uint32 number = datanet_.rulesNumber + 1;
        if (number > MAX_RULES_NUMBER) revert LastRules(datanet_.rulesNumber);
        bytes32 rules = keccak256(bytes(text));
        amendment = keccak256(abi.encode(datanet, number, datanet_.roster, datanet_.rules, rules));
        if (amendmentOf[amendment].number != 0) revert AlreadyPutForward(amendment);
        amendmentOf[amendment] = Amendment(datanet, rules, number, datanet_.roster, 0, 0);
        emit RulesProposed(datanet, amendment, msg.sender, number, datanet_.roster, datanet_.rules, text);
    }

    /// @notice A sitting, staked validator is for or against them, once. With more than two thirds of the weight for
    /// them they are set at once: what is committed from then on is judged by them.
    function speakOnRules(bytes32 amendment, bool consents) external {
        Amendment storage next = amendmentOf[amendment];
        Datanet storage datanet = _datanets[next.datanet];
        bool sits = seatedAs(next.datanet, datanet.roster) == seatedAs(next.datanet, next.roster);
        if (next.number == 0 || next.number != datanet.rulesNumber + 1 || !sits) {
            revert OthersInForce(datanet.rulesNumber, datanet.roster);
        }
        uint96 weight = votingWeightOf(next.datanet, next.roster, msg.sender);
        if (weight == 0) revert NotAValidator(msg.sender);
        if (spokeOnRules[amendment][msg.sender]) revert AlreadySpoke(msg.sender);
        spokeOnRules[amendment][msg.sender] = true;
        if (consents) next.consent += weight;
        else next.against += weight;
        emit RulesSpoken(amendment, msg.sender, consents, next.consent, next.against);
        if (uint256(next.consent) * 3 <= uint256(_rosters[next.datanet][next.roster].totalWeight) * 2) return;
        datanet.rulesNumber = next.number;
        datanet.rules = next.rules;
        emit RulesSet(next.datanet, next.number, amendment, next.rules);
    }

    /// @notice The host names who shall host in its place, who has to accept; nobody (0) takes it back.
    function nameHost(bytes32 datanet, address next) external {
        Datanet storage datanet_ = _known(datanet);
        if (msg.sender != datanet_.host) revert NotTheHost(datanet_.host);
        if (next == msg.sender) revert AlreadyHost(next);
        datanet_.nextHost = next;
        emit HostNamed(datanet, msg.sender, next);
    }

    /// @notice Whoever was named hosts from now on. A roster that the one before announced is seated by no silence.
    function acceptHost(bytes32 datanet) external {
        Datanet storage datanet_ = _known(datanet);
        if (msg.sender != datanet_.nextHost) revert NotNamed(datanet_.nextHost);
        emit HostChanged(datanet, datanet_.host, msg.sender);
        datanet_.host = msg.sender;
        datanet_.nextHost = address(0);
        (datanet_.announced, datanet_.announcement) = (0, 0);
    }

    /// @notice Gives a contributor's signed commitment its place in the order of authorship, under the rules that it
    /// names and no others, and locks the bond that it names. Anyone may bring it: a contributor needs no coin to be
    /// first.
    function commitFor(Statements.Commitment calldata statement, bytes calldata signature)
        external
        returns (bytes32 contribution, uint64 index)
    {
        bytes32 datanet = statement.datanet;
        Datanet storage datanet_ = _known(datanet);
        contribution = _digest(statement.hash());
        Contribution storage made = _contributions[contribution];
        if (made.index != 0) revert AlreadyCommitted(contribution, made.index);
        if (statement.rules != datanet_.rules) revert OtherRules(datanet_.rules);
        if (block.timestamp > statement.deadline) revert CommitmentTooLate(statement.deadline);
        address contributor = statement.contributor;
        _requireSigned(contribution, signature, contributor);
        index = ++datanet_.commitments;
        _contributions[contribution] = Contribution(
            datanet, contributor, uint32(index), uint32(block.timestamp), datanet_.roster, statement.commitment
        );
        emit Committed(datanet, contribution, contributor, statement.commitment, index);
        if (statement.bond == 0) return (contribution, index);
        bonds.lock(contribution, datanet, contributor, statement.bond, statement.bondSeconds);
    }

    /// @notice Fixes a version by its host's signed statement; anyone may bring it. Versions follow one another.
    function anchorVersion(Statements.Version calldata statement, bytes calldata signature) external {
        Datanet storage datanet_ = _known(statement.datanet);
        if (statement.version != datanet_.version + 1) revert VersionOutOfOrder(datanet_.version + 1);
        if (statement.root == 0 || statement.count == 0) revert EmptyVersion();
        _requireSigned(_digest(statement.hash()), signature, datanet_.host);
        datanet_.version = statement.version;
        _versions[statement.datanet][statement.version] =
            Anchored(statement.root, statement.count, datanet_.roster, statement.cid);
        emit VersionAnchored(statement.datanet, statement.version, statement.root, statement.count, statement.cid);
        _batchesCut(statement.datanet, statement.version);
    }

    /// @notice Two signed votes of one validator on one contribution with different verdicts cost all its stake, once
    /// per contribution, and its seat's vote, so that whoever has nothing at stake does not vote twice for nothing. The
    /// same verdict under two salts is no fraud: it counts once wherever votes are counted.
    function reportDoubleVote(
        Statements.Vote calldata a,
        bytes calldata signatureA,
        Statements.Vote calldata b,
        bytes calldata signatureB
    ) external returns (uint256 slashed) {
        if (
            a.contribution != b.contribution || a.validator != b.validator
                || (a.accept == b.accept && a.outcome == b.outcome)
        ) revert NoDoubleVote();
        Contribution storage made = _contributions[a.contribution];
        if (made.index == 0) revert UnknownContribution(a.contribution);
        Roster storage roster = _rosters[made.datanet][made.roster];
        if (roster.weightOf[a.validator] == 0) revert NotAValidator(a.validator);
        if (punished[a.contribution][a.validator]) revert AlreadyPunished(a.contribution, a.validator);
        _requireSigned(_digest(a.hash()), signatureA, a.validator);
        _requireSigned(_digest(b.hash()), signatureB, a.validator);
        punished[a.contribution][a.validator] = true;
        _rosters[made.datanet][roster.seatedAs].caught[a.validator] = true;
        slashed = registry.slash(a.validator, type(uint256).max, msg.sender);
        emit DoubleVote(a.contribution, a.validator, msg.sender, slashed);
    }

    function datanetOf(bytes32 datanet)
        external
        view
        returns (
            address host,
            bytes32 rules,
            uint64 commitments,
            uint32 version,
            address[] memory validators,
            uint96[] memory weights
        )
    {
        Datanet storage datanet_ = _datanets[datanet];
        (validators, weights) = membersOf(datanet, datanet_.roster);
        return (datanet_.host, datanet_.rules, datanet_.commitments, datanet_.version, validators, weights);
    }

    /// @notice Number of the roster that sits; 0 for a Datanet that is not known.
    function rosterOf(bytes32 datanet) external view returns (uint32) {
        return _datanets[datanet].roster;
    }

    /// @notice Number of the rules in force, and whom the host has named to follow it.
    function termsOf(bytes32 datanet) external view returns (uint32 rulesNumber, address nextHost) {
        return (_datanets[datanet].rulesNumber, _datanets[datanet].nextHost);
    }

    /// @notice A sitting validator's weight; 0 for everyone else.
    function weightOf(bytes32 datanet, address validator) public view returns (uint96) {
        return _rosters[datanet][_datanets[datanet].roster].weightOf[validator];
    }

    function contributionOf(bytes32 contribution) external view returns (Contribution memory) {
        return _contributions[contribution];
    }

    function versionOf(bytes32 datanet, uint32 version) external view returns (Anchored memory) {
        return _versions[datanet][version];
    }

    function isAnchored(bytes32 datanet, uint32 version) external view returns (bool) {
        return version != 0 && version <= _datanets[datanet].version;
    }

    function _heldOutState(bytes32 id) internal view override returns (uint32, uint256, uint32) {
        Datanet storage datanet = _datanets[id];
        return (datanet.roster, _rosters[id][datanet.roster].validators.length, datanet.version);
    }

    /// @dev Seats that were only weighed anew are still asked, with the weights that they had.
    function _heldOutTotal(bytes32 datanet, uint32 asked) internal view override returns (uint128) {
        bool sits = seatedAs(datanet, asked) == seatedAs(datanet, _datanets[datanet].roster);
        return sits ? _rosters[datanet][asked].totalWeight : 0;
    }

    function _heldOutWeight(bytes32 datanet, uint32 roster, address validator)
        internal
        view
        override
        returns (uint96)
    {
        return votingWeightOf(datanet, roster, validator);
    }

    function _membersOf(address[] calldata validators, uint96[] calldata weights) private pure returns (bytes32) {
        return keccak256(abi.encode(validators, weights));
    }

    function _sitting(bytes32 datanet) internal view override returns (uint32) {
        return _datanets[datanet].roster;
    }

    function _seatAgain(bytes32 datanet) internal override returns (uint32) {
        return ++_datanets[datanet].roster;
    }

    function _open(bytes32 succession) private view returns (Succession storage next) {
        next = successionOf[succession];
        uint32 sits = _datanets[next.datanet].roster;
        bool follows = seatedAs(next.datanet, next.follows) == seatedAs(next.datanet, sits);
        if (next.members == 0 || !follows) revert AnotherSits(sits);
    }

    function _known(bytes32 datanet) private view returns (Datanet storage known) {
        known = _datanets[datanet];
        if (known.host == address(0)) revert UnknownDatanet(datanet);
    }
}
