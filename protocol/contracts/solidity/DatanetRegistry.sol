// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {NodeRegistry} from "./NodeRegistry.sol";
import {StatementReader} from "./StatementReader.sol";
import {Statements} from "./Statements.sol";

/// @title Datanets: who hosts and validates them, in which order their contributions came, and their versions' roots.
contract DatanetRegistry is StatementReader {
    using Statements for Statements.Datanet;
    using Statements for Statements.Commitment;
    using Statements for Statements.Vote;
    using Statements for Statements.Version;

    struct Datanet {
        address host;
        uint32 version;
        uint64 commitments;
        bytes32 rules;
        address[] validators;
    }

    struct Contribution {
        bytes32 datanet;
        address contributor;
        uint64 index;
        bytes32 commitment;
    }

    struct Anchored {
        bytes32 root;
        uint32 count;
        string cid;
    }

    uint256 public constant MAX_VALIDATORS = 100;

    NodeRegistry public immutable registry;

    mapping(bytes32 id => Datanet) private _datanets;
    mapping(bytes32 id => Contribution) private _contributions;
    mapping(bytes32 datanet => mapping(uint32 version => Anchored)) private _versions;
    /// @notice A validator's weight in a Datanet's votes; 0 for everyone else.
    mapping(bytes32 datanet => mapping(address validator => uint96)) public weightOf;
    mapping(bytes32 datanet => uint128) public totalWeightOf;
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
    error BadRoster();
    error AlreadyCommitted(bytes32 contribution, uint64 index);
    error VersionOutOfOrder(uint32 expected);
    error EmptyVersion();
    error NoDoubleVote();
    error NotAValidator(address validator);
    error AlreadyPunished(bytes32 contribution, address validator);

    constructor(NodeRegistry registry_) StatementReader(address(registry_)) {
        registry = registry_;
    }

    /// @notice The sender is the host. The roster stands in no signed statement (only in the rules behind a hash), so a
    /// relayer could put in another: hence no relaying here.
    /// @return id the digest of the host's `Datanet` statement
    function create(bytes32 rules, uint64 createdAt, address[] calldata validators, uint96[] calldata weights)
        external
        returns (bytes32 id)
    {
        if (validators.length == 0 || validators.length > MAX_VALIDATORS || validators.length != weights.length) {
            revert BadRoster();
        }
        id = _digest(Statements.Datanet(msg.sender, rules, createdAt).hash());
        Datanet storage datanet = _datanets[id];
        if (datanet.host != address(0)) revert AlreadyExists(id);
        datanet.host = msg.sender;
        datanet.rules = rules;
        datanet.validators = validators;
        for (uint256 i = 0; i < validators.length; i++) {
            if (validators[i] == address(0) || weights[i] == 0 || weightOf[id][validators[i]] != 0) revert BadRoster();
            weightOf[id][validators[i]] = weights[i];
            totalWeightOf[id] += weights[i];
        }
        emit DatanetCreated(id, msg.sender, rules, createdAt, validators, weights);
    }

    /// @notice Gives a contributor's signed commitment its place in the order of authorship. Anyone may bring it: a
    /// contributor needs no coin to be first.
    function commitFor(bytes32 datanet, address contributor, bytes32 commitment, bytes calldata signature)
        external
        returns (bytes32 contribution, uint64 index)
    {
        Datanet storage datanet_ = _known(datanet);
        contribution = _digest(Statements.Commitment(datanet, contributor, commitment).hash());
        Contribution storage made = _contributions[contribution];
        if (made.index != 0) revert AlreadyCommitted(contribution, made.index);
        _requireSigned(contribution, signature, contributor);
        index = ++datanet_.commitments;
        _contributions[contribution] = Contribution(datanet, contributor, index, commitment);
        emit Committed(datanet, contribution, contributor, commitment, index);
    }

    /// @notice Fixes a version by its host's signed statement; anyone may bring it. Versions follow one another.
    function anchorVersion(Statements.Version calldata statement, bytes calldata signature) external {
        Datanet storage datanet_ = _known(statement.datanet);
        if (statement.version != datanet_.version + 1) revert VersionOutOfOrder(datanet_.version + 1);
        if (statement.root == 0 || statement.count == 0) revert EmptyVersion();
        _requireSigned(_digest(statement.hash()), signature, datanet_.host);
        datanet_.version = statement.version;
        _versions[statement.datanet][statement.version] = Anchored(statement.root, statement.count, statement.cid);
        emit VersionAnchored(statement.datanet, statement.version, statement.root, statement.count, statement.cid);
    }

    /// @notice Two signed votes of one validator on one contribution with different verdicts cost all its stake, once
    /// per contribution. The same verdict under two salts is no fraud: it counts once wherever votes are counted.
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
        if (weightOf[made.datanet][a.validator] == 0) revert NotAValidator(a.validator);
        if (punished[a.contribution][a.validator]) revert AlreadyPunished(a.contribution, a.validator);
        _requireSigned(_digest(a.hash()), signatureA, a.validator);
        _requireSigned(_digest(b.hash()), signatureB, a.validator);
        punished[a.contribution][a.validator] = true;
        slashed = registry.slash(a.validator, registry.payoutOf(msg.sender));
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
        weights = new uint96[](datanet_.validators.length);
        for (uint256 i = 0; i < weights.length; i++) weights[i] = weightOf[datanet][datanet_.validators[i]];
        return (datanet_.host, datanet_.rules, datanet_.commitments, datanet_.version, datanet_.validators, weights);
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

    function _known(bytes32 datanet) private view returns (Datanet storage known) {
        known = _datanets[datanet];
        if (known.host == address(0)) revert UnknownDatanet(datanet);
    }
}
