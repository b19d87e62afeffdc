// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AttributionAnchor} from "./AttributionAnchor.sol";
import {DatanetRegistry} from "./DatanetRegistry.sol";
import {ModelRegistry} from "./ModelRegistry.sol";
import {NodeRegistry} from "./NodeRegistry.sol";
import {Rounds} from "./Rounds.sol";

/// @title What a worker has at stake for answering by the weights that it offers, and who takes it.
/// @notice Nobody has to stand here to serve. Who does, in a pool of its choice, locks the least stake, once for all
/// pools, so that clients may prefer it. The scorers whom chance has drawn for an epoch of that pool say its drawn
/// answers again (protocol/payouts/found-out.ts), and each that has committed to its words of that round may say here,
/// once, that they are by other weights than those of the model. More than two thirds of the panel, three at least, who
/// all speak of the same answers, take a tenth of the least stake and end the standing: seats weigh alike, since each
/// has the same stake locked. Worker and builder may not speak, and a seat of theirs counts as one that is silent:
/// which model is spoken of is the speakers' choice. Nobody gains by it: what is taken is burnt.
///
/// Of who does not stand, the same words take nothing and are remembered all the same, so that clients of that pool's
/// models may ask others. No money is divided by any of this.
///
/// A standing is ended by scorers once. Whoever has left answers for what it gave for as long as stake is on its way
/// out, and may come back after that, so that no leaving forgives anything.
contract ServingBonds {
    /// @param since 0 where it never stood
    /// @param until 0 while it stands
    struct Standing {
        uint64 since;
        uint64 until;
        bool foundOut;
    }

    /// @notice An epoch's round, and whose answers by which model.
    struct Answers {
        bytes32 pool;
        uint32 epoch;
        uint32 round;
        bytes32 model;
        address worker;
    }

    NodeRegistry public immutable registry;
    AttributionAnchor public immutable anchor;
    DatanetRegistry public immutable datanets;
    ModelRegistry public immutable models;
    /// @notice A verdict needs so many scorers at least, however small the panel is.
    uint256 public constant LEAST = 3;
    /// @notice What is taken is one in so many of the least stake.
    uint256 public constant PENALTY_PART = 10;
    /// @dev What a scorer has committed to that could not read what was anchored, as `Rounds.commit` keeps it.
    bytes32 private constant NOTHING = keccak256(abi.encode(bytes32(0)));

    mapping(bytes32 pool => mapping(address worker => Standing)) private _standings;
    /// @notice When scorers of a pool have found a worker out last, whether it stood or not; 0 where they never have.
    mapping(bytes32 pool => mapping(address worker => uint64)) public foundOutAt;
    /// @notice In how many pools a worker stands: one lock on its stake answers for all.
    mapping(address worker => uint256) public standsIn;
    mapping(bytes32 answers => mapping(address scorer => bool)) private _hasSaid;
    mapping(bytes32 answersAndReceipts => uint256) private _against;

    event WorkerStands(bytes32 indexed pool, address indexed worker, uint64 since);
    event WorkerLeft(bytes32 indexed pool, address indexed worker, uint64 until);
    event NotAsOffered(
        bytes32 indexed pool,
        address indexed worker,
        address indexed scorer,
        uint32 epoch,
        uint32 round,
        bytes32 model,
        bytes32 receipts,
        uint256 against
    );
    event WorkerFoundOut(
        bytes32 indexed pool,
        address indexed worker,
        bytes32 indexed model,
        uint32 epoch,
        uint32 round,
        bytes32 receipts,
        uint256 taken,
        uint64 time
    );

    error UnknownDatanet(bytes32 datanet);
    error AlreadyStanding();
    error StillAnswers(uint64 until);
    error NotStanding(address worker);
    error AnotherRound(uint32 round);
    error NotDrawn();
    error NotOfThePool(bytes32 model);
    error NotOnThePanel(address scorer);
    error IsAParty(address scorer);
    error AlreadySaid();
    error TimeOver();

    constructor(AttributionAnchor anchor_) {
        anchor = anchor_;
        registry = anchor_.registry();
        datanets = anchor_.datanets();
        models = anchor_.models();
    }

    /// @notice What scorers take of who is found out.
    function penalty() public view returns (uint256) {
        return registry.minStake() / PENALTY_PART;
    }

    /// @notice From now on the sender's answers in a pool are by the weights that it offers, or cost it a part of its
    /// stake.
    function stand(bytes32 pool) external {
        if (datanets.rosterOf(pool) == 0) revert UnknownDatanet(pool);
        Standing storage standing = _standings[pool][msg.sender];
        if (standing.since != 0 && standing.until == 0) revert AlreadyStanding();
        if (_answers(standing)) revert StillAnswers(standing.until + registry.unbondDelay());
        (standing.since, standing.until, standing.foundOut) = (uint64(block.timestamp), 0, false);
        emit WorkerStands(pool, msg.sender, standing.since);
        if (++standsIn[msg.sender] == 1) registry.lock(msg.sender, registry.minStake());
    }

    /// @notice Ends it. For as long as stake can be on its way out, what is answered is answered for still: when an
    /// answer was given is nothing that the contract knows.
    function leave(bytes32 pool) external {
        Standing storage standing = _standings[pool][msg.sender];
        if (standing.since == 0 || standing.until != 0) revert NotStanding(msg.sender);
        _end(pool, msg.sender, standing);
    }

    /// @notice A scorer that chance has drawn for an epoch says that a worker's drawn answers by a model are by other
    /// weights than the model's. Nobody takes such a word back, and nobody says two.
    /// @param receipts hash of the answers that were drawn of that worker and model in this round, the same for all
    function accuse(Answers calldata a, bytes32 receipts) external {
        Rounds.Round memory round = anchor.roundOf(a.pool, a.epoch);
        if (round.number != a.round) revert AnotherRound(round.number);
        if (round.seed == 0) revert NotDrawn();
        if (block.timestamp >= round.revealEnds + 2 * anchor.challengeWindow()) revert TimeOver();
        (address builder,, bytes32 pool) = models.termsOf(a.model);
        if (builder == address(0) || pool != a.pool) revert NotOfThePool(a.model);
        if (msg.sender == a.worker || msg.sender == builder) revert IsAParty(msg.sender);
        if (!_speaks(a, round.panel)) revert NotOnThePanel(msg.sender);
        bytes32 answers = keccak256(abi.encode(a));
        if (_hasSaid[answers][msg.sender]) revert AlreadySaid();
        _hasSaid[answers][msg.sender] = true;
        uint256 against = ++_against[keccak256(abi.encode(answers, receipts))];
        emit NotAsOffered(a.pool, a.worker, msg.sender, a.epoch, a.round, a.model, receipts, against);
        // Once: by the word that makes it enough.
        if (!_isEnough(against, round.panel.length) || _isEnough(against - 1, round.panel.length)) return;
        foundOutAt[a.pool][a.worker] = uint64(block.timestamp);
        uint256 taken = _take(a, round.anchoredAt);
        emit WorkerFoundOut(
            a.pool, a.worker, a.model, a.epoch, a.round, receipts, taken, uint64(block.timestamp)
        );
    }

    function standingOf(bytes32 pool, address worker) external view returns (Standing memory) {
        return _standings[pool][worker];
    }

    function _isEnough(uint256 against, uint256 seats) private pure returns (bool) {
        return against >= LEAST && against * 3 > seats * 2;
    }

    /// @dev What it stood for with stake when the receipts were anchored it loses stake for, once.
    function _take(Answers calldata a, uint64 anchoredAt) private returns (uint256) {
        Standing storage standing = _standings[a.pool][a.worker];
        if (standing.since >= anchoredAt || standing.foundOut || !_answers(standing)) return 0;
        standing.foundOut = true;
        if (standing.until == 0) _end(a.pool, a.worker, standing);
        return registry.slash(a.worker, penalty(), address(0));
    }

    function _end(bytes32 pool, address worker, Standing storage standing) private {
        standing.until = uint64(block.timestamp);
        emit WorkerLeft(pool, worker, standing.until);
        if (--standsIn[worker] == 0) registry.unlock(worker, registry.minStake());
    }

    /// @dev Whether the sender may speak of a round. A seat alone says nothing of whether its scorer has looked: who
    /// committed to no words of this round, or to having read nothing, or was shown to be absent (a word of 1), may
    /// not.
    function _speaks(Answers calldata a, address[] memory panel) private view returns (bool) {
        bytes32[] memory words = anchor.wordsOf(a.pool, a.epoch);
        for (uint256 i = 0; i < panel.length; i++) {
            if (panel[i] == msg.sender) return uint256(words[i]) > 1 && words[i] != NOTHING;
        }
        return false;
    }

    /// @dev Whether it stands, or has left so lately that its stake can still be here.
    function _answers(Standing storage standing) private view returns (bool) {
        if (standing.since == 0) return false;
        return standing.until == 0 || block.timestamp < standing.until + registry.unbondDelay();
    }
}
